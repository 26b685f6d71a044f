"""The procedural renderer: exact, repeatable clips that can be joined, and progress on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.ports import SceneRenderer
from schemas.values import Format
from tests.unit.picture_kit import spec

renderer: SceneRenderer = ProceduralRenderer()


def quiet(fraction: float, preview: bytes | None) -> None:
    """Nobody watches."""


def test_the_clip_is_what_the_join_and_the_players_need(tmp_path: Path) -> None:
    made = renderer.render(spec(duration_ms=2490, look="counter"), tmp_path / "clip.mp4", quiet)
    assert (made.frames, made.look) == (75, "counter")
    with av.open(str(made.path)) as container:
        (stream,) = container.streams
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.width, context.height, stream.average_rate) == (1080, 1920, 30)
        assert (context.color_primaries, context.color_trc) == (ColorPrimaries.BT709, ColorTrc.BT709)
        assert (context.colorspace, context.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
        frames = list(container.decode(stream))
    assert len(frames) == 75
    assert [round(frame.time * 30) for frame in frames if frame.time is not None] == list(range(75))
    assert [n for n, frame in enumerate(frames) if frame.key_frame] == [0, 60]


@pytest.mark.parametrize("look", ["mesh", "particles", "tiles"])
def test_equal_specs_give_equal_bytes(tmp_path: Path, look: str) -> None:
    first, second = (
        renderer.render(spec(look=look, duration_ms=400), tmp_path / f"{n}.mp4", quiet).path.read_bytes()
        for n in (1, 2)
    )
    assert first == second
    other = renderer.render(spec(look=look, duration_ms=400, seed=8), tmp_path / "3.mp4", quiet)
    assert other.path.read_bytes() != first


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.unit.picture_kit import spec;"
        "from gpu_consumers.picture.renderer import ProceduralRenderer as R;"
        "R().render(spec(look='hills', duration_ms=600), Path(sys.argv[1]), lambda f, p: None)"
    )
    there, here = tmp_path / "there.mp4", tmp_path / "here.mp4"
    renderer.render(spec(look="mesh", duration_ms=300), here, quiet)  # so that the two do not have the same past
    subprocess.run([sys.executable, "-c", code, str(there)], check=True)
    renderer.render(spec(look="hills", duration_ms=600), here, quiet)
    assert here.read_bytes() == there.read_bytes()


def test_progress_rises_to_one_and_shows_a_picture(tmp_path: Path) -> None:
    told: list[tuple[float, bytes | None]] = []
    renderer.render(spec(look="counter"), tmp_path / "clip.mp4", lambda *news: told.append(news))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    picture = told[-1][1]
    assert picture is not None
    assert picture.startswith(b"\xff\xd8")
    assert len(picture) < 30_000


@pytest.mark.parametrize("shape", list(Format))
def test_every_format_has_its_size(tmp_path: Path, shape: Format) -> None:
    made = renderer.render(spec(format=shape, duration_ms=100), tmp_path / "clip.mp4", quiet)
    with av.open(str(made.path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height) == shape.size


@pytest.mark.parametrize("changes", [{"look": "nope"}, {"palette": "nope"}, {"caption_style": "nope"}])
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(BackendError, match="nope") as caught:
        renderer.render(spec(**changes), tmp_path / "clip.mp4", quiet)
    assert "," in (caught.value.hint or "")
    assert not list(tmp_path.iterdir())


def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def fail(fraction: float, preview: bytes | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        renderer.render(spec(look="counter", duration_ms=300), tmp_path / "clip.mp4", fail)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_a_backend_error(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="could not be written"):
        renderer.render(spec(duration_ms=100), tmp_path / "gone" / "clip.mp4", quiet)


def test_a_scene_without_words_is_captioned_by_its_narration(tmp_path: Path) -> None:
    made = renderer.render(spec(words=(), duration_ms=200), tmp_path / "clip.mp4", quiet)
    assert made.frames == 6


def test_the_fingerprint_is_stable() -> None:
    assert renderer.fingerprint() == ProceduralRenderer().fingerprint()
    assert len(renderer.fingerprint()) == 32


def test_a_draft_is_smaller_and_otherwise_the_same(tmp_path: Path) -> None:
    made = renderer.render(spec(duration_ms=400, look="card", draft=6), tmp_path / "draft.mp4", quiet)
    with av.open(str(made.path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height) == (180, 320)
    assert made.frames == 12
