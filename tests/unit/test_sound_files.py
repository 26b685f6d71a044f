"""Music files: whatever FFmpeg reads becomes stereo at 48 kHz."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from gpu_consumers.errors import BackendError
from gpu_consumers.sound.files import read_music
from gpu_consumers.sound.synth import RATE
from tests.unit.picture_kit import small_clip


def wav(path: Path, seconds: float = 1.0, rate: int = 44_100) -> Path:
    samples = (np.sin(np.arange(round(seconds * rate)) / 20) * 9000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def test_a_mono_file_at_another_rate_is_converted(tmp_path: Path) -> None:
    made = read_music(wav(tmp_path / "m.wav"))
    assert made.shape == (RATE, 2)
    assert made.dtype == np.float32
    assert np.abs(made).max() == pytest.approx(9000 / 32768, rel=0.02) or np.abs(made).max() == pytest.approx(
        9000 / 32768 * 2**-0.5, rel=0.02
    )


def test_long_files_are_cut(tmp_path: Path) -> None:
    assert len(read_music(wav(tmp_path / "m.wav", 3.0), at_most_s=1.5)) == round(1.5 * RATE)


def test_files_without_sound_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("la la la")
    for path in (small_clip(tmp_path / "mute.mp4", 3), tmp_path / "text.txt", tmp_path / "gone.ogg"):
        with pytest.raises(BackendError, match=path.name):
            read_music(path)
