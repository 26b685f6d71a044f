"""Gates: each stays shut for the fault it is there for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from gpu_consumers.assembly.gates import Expected, failures, pictures, sounds
from gpu_consumers.assembly.join import join
from gpu_consumers.assembly.track import encoded, heard
from gpu_consumers.picture.colour import BLACK
from gpu_consumers.sound.loudness import levelled
from gpu_consumers.sound.music import bed
from gpu_consumers.sound.synth import RATE, Stereo
from tests.unit.picture_kit import small_clip

WANTED = Expected(width=96, height=160, fps=30, frames=130)


@pytest.fixture(scope="module")
def music() -> Stereo:
    return levelled(bed("calm", 130 / 30, 1))[0]


@pytest.fixture
def video(tmp_path: Path, music: Stereo) -> Callable[..., Path]:
    def make(frames: int = 130, sound: Stereo | None = None, **clip: object) -> Path:
        path = small_clip(tmp_path / "clip.mp4", frames, **clip)  # type: ignore[arg-type]
        out = tmp_path / "v.mp4"
        join([path], [frames], 30, encoded(music if sound is None else sound), out, metadata={})
        return out

    return make


def gates(video: Path, expected: Expected = WANTED) -> set[str]:
    return {failure.gate for failure in failures(video, expected)}


def test_a_good_video_passes(video: Callable[..., Path]) -> None:
    assert gates(video()) == set()


def test_the_length_is_checked(video: Callable[..., Path]) -> None:
    assert "duration" in gates(video(frames=100))


def test_sound_that_ends_early_is_seen(video: Callable[..., Path], music: Stereo) -> None:
    assert "offset" in gates(video(sound=music[: 3 * RATE]))


def test_a_black_picture_is_seen(video: Callable[..., Path]) -> None:
    assert "black" in gates(video(colour=BLACK, moving=False))


def test_a_picture_that_stands_still_is_seen(video: Callable[..., Path]) -> None:
    assert gates(video(moving=False)) == {"frozen"}


def test_silence_is_seen_and_may_be_meant(video: Callable[..., Path], music: Stereo) -> None:
    mute = video(sound=np.zeros_like(music))
    assert gates(mute) == {"silence", "loudness"}
    assert gates(mute, Expected(width=96, height=160, fps=30, frames=130, audible=False)) == set()


def test_a_long_hole_in_the_sound_is_seen(music: Stereo) -> None:
    holed = np.concatenate([music, np.zeros((3 * RATE, 2), np.float32), music])
    assert "silence" in {failure.gate for failure in sounds(heard(holed), WANTED)}


def test_clipping_is_seen(music: Stereo) -> None:
    assert {failure.gate for failure in sounds(heard(np.clip(music * 8, -1, 1)), WANTED)} == {"loudness"}


def test_another_size_is_seen(video: Callable[..., Path]) -> None:
    assert gates(video(), Expected(width=1080, height=1920, fps=30, frames=130)) == {"streams"}


def test_a_missing_stream_is_seen(tmp_path: Path) -> None:
    assert gates(small_clip(tmp_path / "silent.mp4")) == {"streams"}


def test_an_index_behind_the_data_is_seen(video: Callable[..., Path], tmp_path: Path) -> None:
    slow = tmp_path / "slow.mp4"
    with av.open(str(video())) as source, av.open(str(slow), "w") as target:
        streams = source.streams.video[0], source.streams.audio[0]
        copies = {stream.index: target.add_stream_from_template(stream) for stream in streams}
        for packet in source.demux(*streams):
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
    assert gates(slow) == {"faststart"}


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_what_is_no_video_fails_at_the_door(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    assert gates(path) == {"file"}
    assert gates(tmp_path / "gone.mp4") == {"file"}


def test_pictures_are_judged_one_by_one() -> None:
    dark, light = np.full((4, 4), 16, np.uint8), np.arange(16, dtype=np.uint8).reshape(4, 4) * 10
    assert [failure.gate for failure in pictures(iter([(0.0, light), (2.0, dark), (4.0, dark)]))] == [
        "black",
        "black",
        "frozen",
    ]
