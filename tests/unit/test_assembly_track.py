"""The track: what comes out of the AAC again is aligned, and keeps the promised peak."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from gpu_consumers.assembly.join import join
from gpu_consumers.assembly.track import decoded, encoded, heard, track
from gpu_consumers.sound.loudness import limited
from gpu_consumers.sound.synth import RATE, Stereo
from tests.unit.picture_kit import small_clip


def bursts(level: float) -> Stereo:
    """Short noises in silence: hard on any codec."""
    made = np.zeros((3 * RATE, 2), np.float32)
    rng = np.random.default_rng(1)
    for start in range(RATE // 2, len(made) - RATE // 2, RATE // 3):
        made[start : start + 2000] = rng.uniform(-1, 1, (2000, 1)) * level
    return made


@pytest.mark.parametrize("level", [0.2, 1.0, 4.0])
def test_the_true_peak_holds_after_encoding(level: float) -> None:
    made = track(limited(bursts(level)))
    assert made.heard.loudness.true_peak <= -1
    assert heard(decoded(io.BytesIO(made.data))) == made.heard


def test_equal_samples_give_equal_bytes() -> None:
    assert encoded(bursts(0.4)).getvalue() == encoded(bursts(0.4)).getvalue()


def test_sound_and_picture_stay_together_through_the_join(tmp_path: Path) -> None:
    sound = np.zeros((4 * RATE, 2), np.float32)
    sound[2 * RATE : 2 * RATE + 4800] = 0.5 * np.sin(np.arange(4800) / 8)[:, None]
    clip = small_clip(tmp_path / "clip.mp4", 120)
    join([clip], [120], 30, encoded(sound), tmp_path / "v.mp4", metadata={})
    loud = np.abs(decoded(tmp_path / "v.mp4")).max(axis=1)
    assert int(np.flatnonzero(loud > 0.2)[0]) == pytest.approx(2 * RATE, abs=RATE // 200)
    assert len(loud) == pytest.approx(4 * RATE, abs=1100)
