"""FVD on real videos with a tiny random network of TorchScript: near what is like it, far from what is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.quality.fvd import FRAMES, SIDE, Network, compared, digest, gathered, videos, window
from schemas.quality import Group
from tests.unit.film_kit import film

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:FutureWarning"),
]
COUNT = 12


class Plain(torch.nn.Module):
    """Four features of what is −1…1."""

    def __init__(self) -> None:
        super().__init__()
        self.look = torch.nn.Conv3d(3, 4, kernel_size=(3, 16, 16), stride=(2, 16, 16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.look(x).abs().mean(dim=(2, 3, 4))


class Choosy(torch.nn.Module):
    """Refuses whatever it is given, by itself."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() > 1:
            raise ValueError("squares alone")
        return x


class Named(torch.nn.Module):
    """As I3Ds are published: it is given levels, and told what to do with them."""

    def __init__(self, plain: Plain) -> None:
        super().__init__()
        self.plain = plain

    def forward(self, x: torch.Tensor, rescale: bool = False, return_features: bool = False) -> torch.Tensor:
        if rescale:
            x = x / 127.5 - 1
        made = self.plain(x)
        return made if return_features else made.softmax(dim=1)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder, plain = tmp_path_factory.mktemp("network"), Plain()
    torch.jit.script(plain).save(str(folder / "plain.pt"))
    torch.jit.script(Named(plain)).save(str(folder / "named.pt"))
    return folder


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("films")
    for name in ("usual", "alike", "bright"):
        (folder / name).mkdir()
    return {
        "usual": [film(folder / "usual" / f"{n}.mp4", n) for n in range(COUNT)],
        "alike": [film(folder / "alike" / f"{n}.mp4", 100 + n) for n in range(COUNT)],
        "bright": [film(folder / "bright" / f"{n}.mp4", 200 + n, bright=70) for n in range(COUNT)],
    }


def test_a_set_is_nothing_from_itself_near_what_is_like_it_and_far_from_what_is_not(
    network: Path, films: dict[str, list[Path]]
) -> None:
    # given the clips of three models, two of which a flavor has
    sets = {(Group.MODEL, name): files for name, files in films.items()}
    sets[Group.FLAVOR, "night"] = films["alike"] + films["bright"]
    seen: list[None] = []
    made = compared(sets, films["usual"], Network(network / "plain.pt"), lambda: seen.append(None))
    found = {one.name: one.fvd or 0.0 for one in made}
    assert found["usual"] == pytest.approx(0, abs=1e-3) and found["bright"] > 3 * found["alike"] >= 0
    assert found["alike"] < found["night"] < found["bright"]
    # then each video was seen once, though it is in two sets
    assert len(seen) == 4 * COUNT and [one.group for one in made] == [*[Group.MODEL] * 3, Group.FLAVOR]
    assert [(one.clips, one.reference) for one in made] == [*[(COUNT, COUNT)] * 3, (2 * COUNT, COUNT)]


def test_a_reference_is_known_by_what_is_in_it_and_a_network_by_its_file(
    network: Path, films: dict[str, list[Path]], tmp_path: Path
) -> None:
    renamed = [Path(shutil.copy(file, tmp_path / f"{number}.mp4")) for number, file in enumerate(films["usual"][::-1])]
    assert digest(renamed) == digest(films["usual"]) != digest(films["alike"])
    one, other = Network(network / "plain.pt").digest, Network(network / "named.pt").digest
    assert one != other and one == Network(network / "plain.pt").digest


def test_a_network_is_given_levels_where_it_asks_for_them(network: Path, films: dict[str, list[Path]]) -> None:
    windows = [window(file) for file in films["usual"][:3]]
    plain, named = (Network(network / name).features(windows) for name in ("plain.pt", "named.pt"))
    assert plain.shape == (3, 4) and np.allclose(plain, named, atol=1e-6)


def test_a_window_is_two_seconds_from_the_middle_at_any_rate(tmp_path: Path) -> None:
    slow, fast = film(tmp_path / "a.mp4", 1, rate=8), film(tmp_path / "b.mp4", 1, rate=24)
    assert window(slow).shape == window(fast).shape == (FRAMES, SIDE, SIDE, 3)
    # of 24 frames, 8 a second, those from the fifth on
    with av.open(str(slow)) as container:
        frames = [one.to_ndarray(format="rgb24", width=SIDE, height=SIDE) for one in container.decode(video=0)]
    assert np.array_equal(window(slow), np.stack(frames[4:20]))


def test_what_is_short_or_no_video_is_left_out_and_told(network: Path, tmp_path: Path) -> None:
    film(tmp_path / "short.mp4", 1, seconds=1.5)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    film(tmp_path / "good.MP4", 2)
    moments, left_out = gathered({"mine": videos(tmp_path)}, Network(network / "plain.pt"))["mine"]
    assert moments.count == 1 and len(left_out) == 2
    assert "broken.mp4 cannot be read" in left_out[0] and "short.mp4 is shorter than 2 s" in left_out[1]
    # and too few is told with how many are needed
    mine = {(Group.MODEL, "mine"): [tmp_path / "good.MP4"]}
    (one,) = compared(mine, videos(tmp_path), Network(network / "plain.pt"), lambda: None)
    assert one.fvd is None and "1 videos are too few" in one.why and "At least 5" in one.why


def test_networks_that_do_not_fit_are_told(network: Path, films: dict[str, list[Path]], tmp_path: Path) -> None:
    with pytest.raises(BackendMissingError, match="not there"):
        Network(tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("no network")
    with pytest.raises(BackendError, match="is no TorchScript"):
        Network(tmp_path / "text.pt")
    torch.jit.script(torch.nn.Linear(3, 3)).save(str(tmp_path / "linear.pt"))
    with pytest.raises(BackendError, match="does not take"):
        gathered({"usual": films["usual"][:1]}, Network(tmp_path / "linear.pt"))
    torch.jit.script(Choosy()).save(str(tmp_path / "choosy.pt"))
    with pytest.raises(BackendError, match=r"does not take .* squares alone"):
        gathered({"usual": films["usual"][:1]}, Network(tmp_path / "choosy.pt"))
    with pytest.raises(BackendError, match="there are no videos"):
        videos(tmp_path / "films")
