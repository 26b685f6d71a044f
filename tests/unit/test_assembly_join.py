"""Assembly: packets copied to exact times, sound beside them, the same bytes for the same parts."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from gpu_consumers.assembly.assemble import AssembledVideo, SceneClip, assemble
from gpu_consumers.assembly.gates import Expected, failures
from gpu_consumers.assembly.webvtt import webvtt
from gpu_consumers.errors import BackendError
from gpu_consumers.picture.colour import Rgb
from gpu_consumers.sound.synth import RATE
from schemas.scripts import Word
from tests.unit.picture_kit import small_clip, speech

FRAMES = (45, 70, 31)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[SceneClip]:
    folder, made = tmp_path_factory.mktemp("clips"), []
    for n, frames in enumerate(FRAMES):
        said = speech(frames / 30 - 0.3)
        path = small_clip(folder / f"{n}.mp4", frames, colour=Rgb(40 + 60 * n, 90, 90))
        made.append(SceneClip(path=path, speech=said, words=said.words, title=f"part {n + 1}"))
    return made


def joined(clips: list[SceneClip], out: Path, **changes: object) -> AssembledVideo:
    arguments = {"title": "A title", "mood": "curious", "seed": 4} | changes
    return assemble(clips, out=out, **arguments)  # type: ignore[arg-type]


def test_frames_follow_one_another_exactly(clips: list[SceneClip], tmp_path: Path) -> None:
    made = joined(clips, tmp_path / "v.mp4")
    assert (made.frames, made.duration_ms) == (146, 4867)
    with av.open(str(made.path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([n / 30 for n in range(146)], abs=1e-4)


def test_the_pictures_are_those_of_the_clips(clips: list[SceneClip], tmp_path: Path) -> None:
    made = joined(clips, tmp_path / "v.mp4")
    with av.open(str(made.path)) as container:
        whole = [frame.to_ndarray() for frame in container.decode(video=0)]
    parts = []
    for clip in clips:
        with av.open(str(clip.path)) as container:
            parts += [frame.to_ndarray() for frame in container.decode(video=0)]
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_every_gate_opens(clips: list[SceneClip], tmp_path: Path) -> None:
    made = joined(clips, tmp_path / "v.mp4")
    assert failures(made.path, Expected(width=96, height=160, fps=30, frames=146)) == []
    assert made.heard.loudness.integrated == pytest.approx(-14, abs=1)


def test_equal_parts_give_equal_bytes(clips: list[SceneClip], tmp_path: Path) -> None:
    first, second = (joined(clips, tmp_path / f"{n}" / "v.mp4") for n in range(2) if not (tmp_path / f"{n}").mkdir())
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.cover.read_bytes() == second.cover.read_bytes()
    assert first.captions.read_bytes() == second.captions.read_bytes()
    other = joined(clips, tmp_path / "other.mp4", seed=5)
    assert other.path.read_bytes() != first.path.read_bytes()


def test_title_and_chapters_are_in_the_file(clips: list[SceneClip], tmp_path: Path) -> None:
    made = joined(clips, tmp_path / "v.mp4", comment="made by a test")
    with av.open(str(made.path)) as container:
        assert container.metadata["title"] == "A title"
        assert container.metadata["comment"] == "made by a test"
        chapters = container.chapters()
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["part 1", "part 2", "part 3"]
    assert float(chapters[1]["start"] * chapters[1]["time_base"]) == pytest.approx(1.5, abs=0.001)  # type: ignore[operator]


def test_the_cover_is_the_first_frame(clips: list[SceneClip], tmp_path: Path) -> None:
    from PIL import Image

    with Image.open(joined(clips, tmp_path / "v.mp4").cover) as cover:
        assert cover.size == (96, 160)
        assert cover.getpixel((90, 150)) == pytest.approx((40, 90, 90), abs=6)


def test_a_scene_without_a_voice_and_own_music(clips: list[SceneClip], tmp_path: Path) -> None:
    mute = [SceneClip(path=clips[0].path, speech=None, words=clips[0].words)]
    tune = np.sin(np.arange(RATE) / 30).astype(np.float32)[:, None] * np.ones((1, 2), np.float32)
    made = joined(mute, tmp_path / "v.mp4", music=tune)
    assert made.frames == 45
    assert made.heard.loudness.integrated == pytest.approx(-14, abs=1)


def test_clips_that_do_not_fit_together_are_refused(clips: list[SceneClip], tmp_path: Path) -> None:
    from gpu_consumers.picture.canvas import Canvas
    from gpu_consumers.picture.encode import ClipWriter

    with ClipWriter(tmp_path / "wide.mp4", 160, 96, 30) as writer:
        writer.write(Canvas.blank(160, 96))
    odd = SceneClip(path=tmp_path / "wide.mp4", speech=None, words=())
    with pytest.raises(BackendError, match="other settings"):
        joined([clips[0], odd], tmp_path / "v.mp4")
    assert {path.name for path in tmp_path.iterdir()} == {"wide.mp4"}


@pytest.mark.parametrize("content", [None, b"", b"not a video"])
def test_a_clip_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BackendError, match=r"broken\.mp4"):
        joined([SceneClip(path=path, speech=None, words=())], tmp_path / "v.mp4")


def test_nothing_cannot_be_joined(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="at least one"):
        joined([], tmp_path / "v.mp4")


def test_captions_are_timed_over_the_whole_video_and_cannot_break_the_format() -> None:
    words = [Word(text="<b>a&b", start_ms=100, end_ms=300), Word(text="-->", start_ms=300, end_ms=500)]
    text = webvtt([(0, 1000, words), (61_000, 1000, [Word(text="late", start_ms=0, end_ms=400)])])
    assert text.splitlines() == [
        "WEBVTT",
        "",
        "00:00:00.100 --> 00:00:01.000",
        "&lt;b&gt;a&amp;b --&gt;",
        "",
        "00:01:01.000 --> 00:01:02.000",
        "late",
    ]
