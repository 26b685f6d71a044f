"""Music beds: any mood, any length, the same for the same seed, and quick."""

from __future__ import annotations

import time

import numpy as np
import pytest

from gpu_consumers.sound.moods import ALIASES, MOODS, mood_named
from gpu_consumers.sound.music import bed
from gpu_consumers.sound.synth import RATE, hertz, table, tone


@pytest.mark.parametrize("mood", MOODS)
def test_a_bed_plays_from_the_start_to_the_end_without_a_gap(mood: str) -> None:
    made = bed(mood, 12.3, seed=5)
    assert made.shape == (round(12.3 * RATE), 2)
    assert made.dtype == np.float32
    assert np.abs(made).max() == pytest.approx(0.5, abs=0.01)
    loud = np.sqrt((made[: len(made) // RATE * RATE].reshape(-1, RATE * 2) ** 2).mean(axis=1))
    assert loud[:-1].min() > 0.01
    assert np.abs(made[0]).max() < 0.001
    assert np.abs(made[-1]).max() < 0.001


@pytest.mark.parametrize("mood", MOODS)
def test_nothing_clicks(mood: str) -> None:
    made = bed(mood, 6, seed=2)
    assert np.abs(np.diff(made, axis=0)).max() < 0.25


def test_the_seed_decides() -> None:
    first = bed("calm", 8, 1)
    assert np.array_equal(first, bed("calm", 8, 1))
    assert not any(np.array_equal(first, bed("calm", 8, seed)) for seed in range(2, 6))


def test_it_is_a_hundred_times_faster_than_it_plays() -> None:
    bed("upbeat", 1, 0)
    started = time.process_time()
    bed("upbeat", 20, 3)
    assert 20 / (time.process_time() - started) > 60  # on an idle machine it is several hundred


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5])
def test_very_short_beds_do_not_fail(seconds: float) -> None:
    assert len(bed("upbeat", seconds, 1)) == max(1, round(seconds * RATE))


def test_every_alias_names_a_mood_and_the_unknown_is_calm() -> None:
    assert {*ALIASES.values()} <= {*MOODS}
    assert mood_named("energetic").name == "upbeat"
    assert mood_named("no such thing").name == "calm"


def test_a_tone_has_its_pitch() -> None:
    spectrum = np.abs(np.fft.rfft(tone(69, RATE, table(1, 1.0))))
    assert hertz(69) == 440
    assert int(spectrum.argmax()) == 440
