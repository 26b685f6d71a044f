"""Networks that enlarge frames and make those between them: real architectures with random weights, scripts whose
answer is known, through the renderer, the turnstile and the scene stage."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet

from gpu_consumers import backends
from gpu_consumers.errors import BackendError, BackendMissingError, UnwantedError
from gpu_consumers.generation.checks import check
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.identity import content
from gpu_consumers.generation.interpolation import Scripted
from gpu_consumers.generation.manifest import GIB, Post, manifest
from gpu_consumers.generation.networks import loaded
from gpu_consumers.generation.post import Blending, Classical, Pictures
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.generation.second_turn import SecondTurn
from gpu_consumers.generation.shapes import timeline
from gpu_consumers.generation.spool import Spool
from gpu_consumers.generation.tensors import levels
from gpu_consumers.generation.upscaling import MARGIN, Learned
from gpu_consumers.ports import Clip, SceneSpec, Urgency
from schemas.values import Lane
from tests.models.pipelines_kit import configured, save, write_manifest
from tests.unit.picture_kit import spec

#: diffusers 0.39 hands a tensor to numpy 2 in a way that numpy is about to drop; TorchScript is deprecated, and what
#: such networks are published as.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
]

TIMEOUT = 120
INTERACTIVE, BULK = Urgency(lane=Lane.INTERACTIVE), Urgency(lane=Lane.BULK)


class Linear(torch.nn.Module):
    """Mixes the two, as `Blending` does."""

    def forward(self, before: torch.Tensor, after: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        return before * (1 - time) + after * time


class OfNumbers(torch.nn.Module):
    """The same, told the time as a number, and answering as RIFE does: with its flows beside the picture."""

    def forward(
        self, before: torch.Tensor, after: torch.Tensor, time: float
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        mixed = before * (1 - time) + after * time
        return before[:, :1], [before, mixed]


class OfBatches(torch.nn.Module):
    """The same, told the time for each picture of a batch, as FILM is."""

    def forward(self, before: torch.Tensor, after: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        assert time.dim() == 2
        share = time.view(-1, 1, 1, 1)
        return before * (1 - share) + after * share


class OfPlanes(torch.nn.Module):
    """The same, told the time as a plane beside the pictures."""

    def forward(self, before: torch.Tensor, after: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        seen = torch.cat([before, after, time], 1)
        return seen[:, :3] * (1 - seen[:, 6:]) + seen[:, 3:6] * seen[:, 6:]


class Joined(torch.nn.Module):
    """The same, given both pictures in one and repeating the time, as RIFE's network does; it halves them often."""

    def forward(
        self, both: torch.Tensor, time: torch.Tensor, ensemble: bool = False
    ) -> tuple[list[torch.Tensor], torch.Tensor, list[torch.Tensor]]:
        assert both.shape[2] % 128 == 0 and both.shape[3] % 128 == 0
        plane = time.repeat(1, 1, both.shape[2], both.shape[3])
        mixed = both[:, :3] * (1 - plane) + both[:, 3:] * plane
        return [both[:, :4]], plane, [both[:, :3], mixed]


class Alone(torch.nn.Module):
    """No interpolator."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return picture


class Blank(torch.nn.Module):
    """Computes no numbers where a picture is bright."""

    def forward(self, before: torch.Tensor, after: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        return torch.where(before == after, before, before / 0)


class Breaking(torch.nn.Module):
    """Answers when it is tried, and then no more."""

    def forward(self, before: torch.Tensor, after: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        if not torch.equal(before, after):
            raise ValueError("it cannot")
        return before


class Hungry(torch.nn.Module):
    """Wants more memory than there is, as scripts tell it."""

    def forward(self, before: torch.Tensor, after: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        if not torch.equal(before, after):
            raise RuntimeError("CUDA out of memory")
        return before


def scripted(module: torch.nn.Module, folder: Path) -> Path:
    file = folder / f"{type(module).__name__.lower()}.pt"
    torch.jit.script(module).save(str(file))
    return file


def compact(folder: Path, *, scale: int = 2, weights: float = 0.0) -> Path:
    """Real-ESRGAN's small network, which adds to the nearest pixels: with weights of 0 it is just these."""
    torch.manual_seed(1)
    network = SRVGGNetCompact(num_feat=8, num_conv=2, upscale=scale)
    state = {name: value.detach() * weights for name, value in network.state_dict().items()}
    file = folder / f"{scale}x-compact-{weights:g}.safetensors"
    save_file(state, file)
    return file


def esrgan(folder: Path) -> Path:
    """ESRGAN, 4x, with a short trunk and random weights."""
    torch.manual_seed(1)
    network = RRDBNet(in_nc=3, out_nc=3, num_filters=8, num_blocks=1, scale=4)
    file = folder / "4x-esrgan.safetensors"
    save_file(network.state_dict(), file)
    return file


def film(count: int = 3, height: int = 48, width: int = 24) -> Pictures:
    return np.random.default_rng(3).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def quiet(_part: float, _picture: bytes | None) -> None:
    """Nobody listens."""


def small(seed: int = 7) -> SceneSpec:
    return spec(duration_ms=1000, draft=6, seed=seed)


def pixels(clip: Clip) -> Pictures:
    with av.open(str(clip.path)) as video:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in video.decode(video.streams.video[0])])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("post")
    torch.set_num_threads(1)
    save("tiny-ltx", folder / "weights")
    return folder


def model(home: Path, name: str, **post: Any) -> DiffusersRenderer:
    """A renderer of the tiny LTX, with that for its post-processing."""
    told = {key: str(value) if isinstance(value, Path) else value for key, value in post.items()}
    post_ = {"interpolate": "blend", "sharpen": 0.0, **told}
    write_manifest(name, home / "weights" / "tiny-ltx", home / "models", kind="tiny-ltx", post=post_)
    return renderer(home, name)


def renderer(home: Path, name: str, urgency: Urgency = INTERACTIVE) -> DiffusersRenderer:
    config = configured(home)
    return DiffusersRenderer(backends.device(config), manifest(name, config), config, urgency)


# --- what the networks compute ---


def test_a_network_that_repeats_pixels_enlarges_as_repeating_them_does_in_tiles_of_any_size(tmp_path: Path) -> None:
    picture = film(1, 150, 70)[0]
    upscaler = Learned(compact(tmp_path), "cpu", Post())
    assert (upscaler.scale, upscaler.architecture) == (2, "RealESRGAN Compact")
    assert np.array_equal(upscaler.grow(picture), picture.repeat(2, 0).repeat(2, 1))
    upscaler.side = 32
    assert np.array_equal(upscaler.grow(picture), picture.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("make", [lambda folder: compact(folder, weights=3.0), esrgan])
def test_no_seam_is_left_where_tiles_meet(make: Any, tmp_path: Path) -> None:
    # given a network that sees further than a pixel, and no further than the margin
    upscaler, picture = Learned(make(tmp_path), "cpu", Post()), film(1, 120, 90)[0]
    whole = upscaler.grow(picture)
    assert whole.shape == (120 * upscaler.scale, 90 * upscaler.scale, 3)
    # when the same is made in tiles
    upscaler.side = 40
    tiles = upscaler.grow(picture)
    # then only rounding is different
    assert np.abs(whole.astype(int) - tiles.astype(int)).max() <= 1


def test_tiles_fit_the_memory_that_the_manifest_allows(tmp_path: Path) -> None:
    file = compact(tmp_path, scale=4)
    sides = [Learned(file, "cpu", Post(peak=peak)).side for peak in (0.01, 1.0, 4.0)]
    assert sides == sorted(sides) and sides[0] >= 32
    # four maps of 64 channels at the size of the result
    assert all(
        (side + 2 * MARGIN) ** 2 * 16 * 64 * 4 * 4 <= peak * GIB
        for side, peak in zip(sides[1:], (1.0, 4.0), strict=True)
    )
    assert Learned(compact(tmp_path, scale=2), "cpu", Post(peak=1.0)).side > sides[1]


def test_what_it_made_is_cut_and_fitted_as_the_classical_filter_does_it(tmp_path: Path) -> None:
    picture, plain = film(1, 64, 64)[0], Post(sharpen=0.0)
    upscaler = Learned(compact(tmp_path), "cpu", plain)
    frame = upscaler.enlarge(picture, 90, 160)
    wanted = Classical(plain).enlarge(picture.repeat(2, 0).repeat(2, 1), 90, 160)
    assert (frame.width, frame.height, frame.format.name) == (90, 160, "yuv420p")
    assert np.array_equal(frame.to_ndarray(), wanted.to_ndarray())


@pytest.mark.parametrize("kind", [Linear, OfNumbers, OfBatches, OfPlanes, Joined])
def test_a_script_that_mixes_gives_what_blending_gives(kind: type[torch.nn.Module], tmp_path: Path) -> None:
    pictures, times = film(4, 50, 30), [0.0, 0.25, 1.5, 2.75, 3.0, 9.0]
    made = list(Scripted(scripted(kind(), tmp_path), "cpu").at(pictures, times))
    wanted = list(Blending().at(pictures, times))
    assert len(made) == len(times)
    for one, other in zip(made, wanted, strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 1
    # and frames that are there are taken as they are
    assert np.array_equal(made[0], pictures[0]) and np.array_equal(made[-1], pictures[3])


# --- files that are no such networks ---


def test_what_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    (noise := tmp_path / "noise.safetensors").write_bytes(b"no weights")
    save_file({"a": torch.zeros(3)}, other := tmp_path / "other.safetensors")
    torch.save({"a": torch.zeros(3)}, pickled := tmp_path / "pickled.pth")
    for file, kind, told in (
        (tmp_path / "gone.safetensors", BackendMissingError, "is not there"),
        (noise, BackendError, "is no network that spandrel knows"),
        (other, BackendError, "is no network that spandrel knows"),
        (pickled, BackendError, "pickled weights are never loaded"),
    ):
        with pytest.raises(kind, match=told) as caught:
            Learned(file, "cpu", Post())
        assert "\n" not in str(caught.value)
    (noise := tmp_path / "noise.pt").write_bytes(b"no script")
    for file, kind, told in (
        (tmp_path / "gone.pt", BackendMissingError, "is not there"),
        (noise, BackendError, "is no TorchScript"),
        (scripted(Alone(), tmp_path), BackendError, "cannot be called.*it takes picture"),
    ):
        with pytest.raises(kind, match=told) as caught:
            Scripted(file, "cpu")
        assert "\n" not in str(caught.value)


def test_one_that_fails_leaves_the_other_and_says_why(tmp_path: Path) -> None:
    found = loaded(Post(interpolator=tmp_path / "gone.pt", upscaler=compact(tmp_path)), "cpu")
    assert found.upscaler is not None and found.interpolator is None and found.label == "2x-compact-0.safetensors"
    (told,) = found.fallbacks
    assert told.backend == "interpolator" and "gone.pt is not there" in told.reason


def test_frames_wait_on_disk_as_they_were_and_can_be_read_twice(tmp_path: Path) -> None:
    spool, pictures = Spool(tmp_path), film(5)
    for picture in pictures:
        spool.add(picture)
    assert len(spool) == 5 and list(tmp_path.iterdir()) == []
    for _ in range(2):
        assert np.array_equal(np.stack(list(spool)), pictures)
    with pytest.raises(BackendError, match="cannot be kept"):
        Spool(tmp_path / "nowhere")


# --- the whole way ---


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Pictures, Pictures]]:
    """Of each clip what the model made, and the frames that came of it, before anything was written on them."""
    found, frames_of = list[tuple[Pictures, Pictures]](), SecondTurn.frames

    def watched(self: SecondTurn, pictures: Pictures, *args: Any) -> Any:
        frames = list(frames_of(self, pictures, *args))
        found.append((pictures, np.stack([frame.to_ndarray() for frame in frames])))
        return iter(frames)

    monkeypatch.setattr(SecondTurn, "frames", watched)
    return found


@pytest.mark.parametrize(("larger", "more"), [(True, False), (False, True), (True, True)])
def test_networks_whose_answer_is_known_give_the_frames_that_are_known(
    larger: bool, more: bool, home: Path, tmp_path: Path, seen: list[tuple[Pictures, Pictures]]
) -> None:
    # given a network that repeats pixels, and one that mixes
    post = {"upscaler": compact(home)} if larger else {}
    post |= {"interpolator": scripted(Linear(), home)} if more else {}
    made, told = model(home, f"known-{larger}-{more}".lower(), **post), list[float]()
    # when a scene is made
    clip = made.render(small(), tmp_path / "a.mp4", lambda part, _: told.append(part))
    # then its frames are those of blending and repeating, up to rounding
    pictures, frames = seen[-1]
    mixed = Blending().at(pictures, timeline(len(pictures), 12, 30, 30))
    fitting = Classical(Post(sharpen=0.0))
    grown = (picture.repeat(2, 0).repeat(2, 1) if larger else picture for picture in mixed)
    wanted = np.stack([fitting.enlarge(picture, 180, 320).to_ndarray() for picture in grown])
    off = np.abs(frames.astype(int) - wanted.astype(int))
    assert off.max() <= (4 if more else 0) and pixels(clip).shape == (30, 320, 180, 3)
    # and what it took is told
    work = clip.details["work"]
    assert (work.post_frames, clip.details["fallbacks"], clip.details["squeezed"]) == (30, (), False)
    assert work.post == " + ".join(path.name for path in reversed(post.values())) and work.post_s > 0
    assert clip.details["gpu_seconds"] >= work.encode_s + work.decode_s + work.post_s + 4 * work.step_s * 0.5
    assert told == sorted(told) and told[-1] == 1.0 and max(b - a for a, b in pairwise(told)) < 0.3
    # and it is the same each time
    again = made.render(small(), tmp_path / "b.mp4", quiet)
    assert again.path.read_bytes() == clip.path.read_bytes()


def test_a_clip_that_gave_way_between_frames_is_bit_for_bit_what_it_would_have_been(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = {"upscaler": compact(home, weights=3.0), "interpolator": scripted(Linear(), home)}
    model(home, "gives-way", **post)
    alone = [renderer(home, "gives-way").render(small(seed), tmp_path / f"{seed}.mp4", quiet) for seed in (1, 2)]
    device, reached = backends.device(configured(home)), threading.Event()
    grow, order = Learned.grow, list[int]()

    def gate(self: Learned, picture: Any) -> Any:
        """Hold the first clip at its third frame until something urgent waits."""
        order.append(threading.get_ident())
        if len(order) == 3:
            reached.set()
            end = time.monotonic() + TIMEOUT
            while len(device.turnstile._places) < 2 and time.monotonic() < end:
                time.sleep(0.005)
        return grow(self, picture)

    monkeypatch.setattr(Learned, "grow", gate)

    def run(seed: int, urgency: Urgency) -> Clip:
        return renderer(home, "gives-way", urgency).render(small(seed), tmp_path / f"{seed}-again.mp4", quiet)

    with ThreadPoolExecutor(2) as pool:
        bulk = pool.submit(run, 1, BULK)
        assert reached.wait(TIMEOUT)
        urgent = pool.submit(run, 2, INTERACTIVE)
        clips = [bulk.result(TIMEOUT), urgent.result(TIMEOUT)]
    # then the urgent one was made in between, and both are what they were
    assert len(set(order)) == 2 and order[-1] == order[0]
    assert clips[0].details["work"].preemptions >= 1 and clips[0].details["work"].waited_s > 0
    assert [clip.path.read_bytes() for clip in clips] == [clip.path.read_bytes() for clip in alone]


def test_files_that_are_gone_or_broken_cost_no_scene_and_the_event_says_why(home: Path, tmp_path: Path) -> None:
    plain = model(home, "plain").render(small(), tmp_path / "plain.mp4", quiet)
    (broken := tmp_path / "broken.safetensors").write_bytes(b"nothing")
    made = model(home, "broken", upscaler=broken, interpolator=tmp_path / "gone.pt")
    clip = made.render(small(), tmp_path / "a.mp4", quiet)
    # then the classical filters made it, and it is not kept for the next time
    assert clip.path.read_bytes() == plain.path.read_bytes() and clip.details["squeezed"]
    told = {one.backend: one.reason for one in clip.details["fallbacks"]}
    assert "spandrel" in told["upscaler"] and "gone.pt is not there" in told["interpolator"]
    assert clip.details["work"].post == ""
    # and `models check` says so
    found = {one.what: one for one in check(manifest("broken", configured(home)), configured(home))}
    assert (found["upscaler"].ok, found["interpolator"].ok) == (False, False)
    model(home, "sound", upscaler=compact(home), interpolator=scripted(Linear(), home))
    found = {one.what: one for one in check(manifest("sound", configured(home)), configured(home))}
    assert (found["upscaler"].ok, found["interpolator"].ok) == (True, True) and "2x" in found["upscaler"].told


@pytest.mark.parametrize(
    ("kind", "why"), [(Blank, "what is no number"), (Breaking, "it cannot"), (Hungry, "out of memory")]
)
def test_a_network_that_fails_half_way_is_replaced_by_the_classical_filter(
    kind: type[torch.nn.Module], why: str, home: Path, tmp_path: Path
) -> None:
    plain = model(home, "plain").render(small(), tmp_path / "plain.mp4", quiet)
    name = kind.__name__.lower()
    clip = model(home, name, interpolator=scripted(kind(), home)).render(small(), tmp_path / "a.mp4", quiet)
    assert clip.path.read_bytes() == plain.path.read_bytes() and clip.details["squeezed"]
    assert why in clip.details["fallbacks"][0].reason


def test_out_of_memory_is_tried_once_more_and_then_done_classically(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = model(home, "plain").render(small(), tmp_path / "plain.mp4", quiet)
    made, grow, calls = model(home, "short", upscaler=compact(home)), Learned.grow, list[int]()
    whole = made.render(small(), tmp_path / "a.mp4", quiet)

    def lacking(times: int) -> Any:
        def once(self: Learned, picture: Any) -> Any:
            calls.append(1)
            if len(calls) <= times:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return grow(self, picture)

        calls.clear()
        return once

    # when memory runs out once, the frames are made anew
    monkeypatch.setattr(Learned, "grow", lacking(1))
    again = made.render(small(), tmp_path / "b.mp4", quiet)
    assert again.path.read_bytes() == whole.path.read_bytes() and again.details["fallbacks"] == ()
    # when it runs out twice, without the network
    monkeypatch.setattr(Learned, "grow", lacking(2))
    short = made.render(small(), tmp_path / "c.mp4", quiet)
    assert short.path.read_bytes() == plain.path.read_bytes() and short.details["squeezed"]
    assert "out of memory" in short.details["fallbacks"][0].reason


def test_what_nobody_wants_any_more_ends_between_two_frames(home: Path, tmp_path: Path) -> None:
    made, told = model(home, "unwanted", upscaler=compact(home)), list[float]()

    def progress(part: float, _picture: bytes | None) -> None:
        told.append(part)
        if part > 0.6:
            raise UnwantedError("nobody wants it")

    with pytest.raises(UnwantedError) as caught:
        made.render(small(), tmp_path / "a.mp4", progress)
    assert max(told) < 0.7 and caught.value.gpu_seconds > 0 and not (tmp_path / "a.mp4").exists()


def test_their_weights_count_and_go_with_the_model_and_files_make_another_fingerprint(
    home: Path, tmp_path: Path
) -> None:
    config, file = configured(home), compact(home, weights=1.0)
    plain, made = model(home, "plain"), model(home, "weighed", upscaler=file)
    weights = manifest("weighed", config).held - manifest("plain", config).held
    assert weights == file.stat().st_size > 0
    # and the device takes them along with the model
    device = Device(config)
    assert device.networks("plain").label == "" and device.networks("weighed").label == file.name
    assert device.networks("weighed") is device.networks("weighed")
    device.models.drop("weighed")
    assert device.models.find("weighed") is None
    # and other weights in the same place are another clip, though a process looks but once
    before = made.fingerprint()
    file.write_bytes(compact(tmp_path, weights=2.0).read_bytes())
    content.cache_clear()
    assert made.fingerprint() != before != plain.fingerprint()


def test_the_cost_model_learns_what_networks_take(home: Path, tmp_path: Path) -> None:
    # given what the formula says of a network
    made, scene = model(home, "learned", upscaler=compact(home, weights=0.5)), small()
    work = made.work(scene)
    before = made._afterwards(work, scene)
    # when clips have gone through it
    took = [made.render(small(seed), tmp_path / "a.mp4", quiet).details["work"].post_s for seed in range(3)]
    # then it is believed to take more nearly what they took, and whoever waits is told so
    after = made._afterwards(work, scene)
    assert abs(np.log(after / sorted(took)[1])) < abs(np.log(before / sorted(took)[1]))
    assert made.expected(scene) > after


def test_deadlines_leave_time_for_what_comes_afterwards(home: Path) -> None:
    model(home, "hurried", upscaler=compact(home))
    hurried = renderer(home, "hurried", Urgency(lane=Lane.INTERACTIVE, deadline=time.time() + 1000))
    work = hurried.work(small())
    first, whole = hurried._request(small(), work).deadline, hurried._deadline()
    assert first is not None and whole is not None and first < whole - 0.9 * hurried._afterwards(work, small())


def test_levels_are_those_of_the_numbers_wherever_they_are_worked_out() -> None:
    clip = torch.rand(2, 3, 5, 7)
    clip[0, :, 0, 0], clip[0, :, 0, 1] = 0.0, 1.0
    for made in (clip, clip.bfloat16()):
        expected = (made.float().permute(0, 2, 3, 1).numpy() * 255 + 0.5).astype(np.uint8)
        assert np.array_equal(levels(made), expected)
