"""The mix: voices where they belong, music that makes room, and the loudness that was promised."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_consumers.sound.loudness import levelled, limited, measure
from gpu_consumers.sound.mix import GRAIN, Line, duck, mix, resampled
from gpu_consumers.sound.music import bed
from gpu_consumers.sound.synth import RATE
from tests.unit.picture_kit import speech


def sine(level: float, seconds: float = 3.0, hertz: float = 997) -> np.ndarray:
    wave = np.sin(np.arange(round(seconds * RATE)) * 2 * np.pi * hertz / RATE) * level
    return np.stack([wave, wave], axis=1).astype(np.float32)


def test_loudness_is_measured_as_ebu_r128_says() -> None:
    found = measure(sine(10 ** (-23 / 20)))  # EBU Tech 3341, case 1: both channels at −23 dBFS
    assert found.integrated == pytest.approx(-23, abs=0.1)
    assert found.true_peak == pytest.approx(-23, abs=0.2)


def test_peaks_between_samples_are_seen() -> None:
    assert measure(sine(0.5, hertz=RATE / 4)).true_peak == pytest.approx(-6, abs=0.5)
    between = np.sin(np.arange(RATE) * np.pi / 2 + np.pi / 4).astype(np.float32) * np.float32(0.5)
    assert measure(np.stack([between, between], axis=1)).true_peak > 20 * np.log10(np.abs(between).max()) + 2


@pytest.mark.parametrize("level", [0.003, 0.05, 0.9])
def test_any_sound_comes_to_the_target(level: float) -> None:
    samples, loudness = levelled(sine(level))
    assert loudness.integrated == pytest.approx(-14, abs=0.3)
    assert np.abs(samples).max() <= 0.795


def test_silence_stays_silence() -> None:
    samples, loudness = levelled(np.zeros((RATE, 2), np.float32))
    assert not samples.any()
    assert loudness.integrated == -70


def test_the_limiter_holds_the_ceiling_and_leaves_the_rest_alone() -> None:
    made = sine(0.3)
    made[RATE : RATE + 200] *= 6
    held = limited(made)
    assert np.abs(held).max() <= 10 ** (-2 / 20) + 1e-6
    assert np.array_equal(held[: RATE // 2], made[: RATE // 2])
    assert np.abs(np.diff(held[: RATE + 100, 0])).max() < 0.3


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
def test_a_voice_of_any_rate_keeps_its_length(rate: int) -> None:
    assert len(resampled(speech(1.5, rate=rate))) == pytest.approx(1.5 * RATE, abs=4)


def test_a_voice_is_heard_where_its_scene_begins() -> None:
    quiet = np.full((4 * RATE, 2), 1e-5, np.float32)
    made = mix([Line(speech(1.0), 1500)], quiet).samples
    loud = np.abs(made).max(axis=1)
    assert loud[: round(1.48 * RATE)].max() < 0.02
    assert loud[round(1.5 * RATE) : round(2.5 * RATE)].max() > 0.3
    assert loud[round(2.53 * RATE) :].max() < 0.02


def test_the_music_steps_back_for_words_and_returns_in_pauses() -> None:
    gain = duck([Line(speech(1.0), 2000)], 6 * RATE)
    assert gain[0] == pytest.approx(1, abs=0.01)
    assert gain[round(2.5 * GRAIN)] == pytest.approx(10 ** (-9 / 20), abs=0.01)
    assert gain[5 * GRAIN] == pytest.approx(1, abs=0.01)
    assert np.abs(np.diff(gain)).max() < 0.06


@pytest.mark.parametrize("mood", ["calm", "upbeat", "epic"])
def test_a_mix_is_at_minus_fourteen_and_never_clips(mood: str) -> None:
    made = mix([Line(speech(2.0, loud=0.9), 300), Line(speech(2.0, loud=0.9), 3000)], bed(mood, 6, 1))
    assert made.loudness.integrated == pytest.approx(-14, abs=0.5)
    assert made.loudness.true_peak <= -1.0
    assert made.samples.shape == (6 * RATE, 2)


def test_music_alone_is_levelled_too_and_late_speech_is_cut() -> None:
    assert mix([], bed("calm", 3, 1)).loudness.integrated == pytest.approx(-14, abs=0.5)
    assert len(mix([Line(speech(2.0), 2900), Line(speech(1.0), 9000)], bed("calm", 3, 1)).samples) == 3 * RATE
