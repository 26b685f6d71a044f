"""Times of words, from events that may be missing, and from none at all."""

from __future__ import annotations

import itertools

import numpy as np

from gpu_consumers.voice.estimate import estimate
from gpu_consumers.voice.silent import SilentVoice
from gpu_consumers.voice.text import prepare
from gpu_consumers.voice.timing import fill, onsets, trim, weigh, word

RATE = 1000


def tone(ms: int) -> np.ndarray:
    return np.full(ms, 8000, np.int16)


def hush(ms: int) -> np.ndarray:
    return np.zeros(ms, np.int16)


def test_events_go_to_the_words_they_point_into() -> None:
    spoken = prepare("one of the best", "en")
    assert onsets(spoken, [(0, 0), (40, 4), (90, 11)]) == [0, 40, None, 90]


def test_events_that_jump_back_or_point_at_nothing_said_are_ignored() -> None:
    spoken = prepare("one 🐱 two three", "en")
    assert onsets(spoken, [(0, 0), (20, 5), (30, 0), (50, 9)]) == [0, None, 20, 50]


def test_words_without_an_event_share_the_time_of_the_one_before() -> None:
    assert fill([0, None, 100], [1.0, 1.0, 1.0], 200) == [0, 50, 100]
    assert fill([None, None], [1.0, 3.0], 100) == [0, 25]
    assert fill([], [], 100) == []


def test_the_sound_is_trimmed_to_small_pads() -> None:
    samples, shift = trim(np.concatenate([hush(500), tone(300), hush(900)]), RATE)
    assert len(samples) == 60 + 300 + 100 and shift == 440


def test_estimated_words_stay_within_the_voiced_stretches() -> None:
    # Given two words, a long pause, and two more
    samples = np.concatenate([hush(50), tone(400), hush(600), tone(400), hush(50)])
    # When
    words = estimate(prepare("aaaa bbbb cccc dddd", "en"), samples, RATE)
    # Then nobody speaks in the pause, and the order holds
    assert words[1].end_ms <= 450 and words[2].start_ms >= 1050
    assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(words))


def test_estimates_for_silence_and_for_no_words_do_not_fail() -> None:
    assert [w.start_ms for w in estimate(prepare("a b", "en"), hush(100), RATE)] == [0, 0]
    assert estimate(prepare("", "en"), tone(100), RATE) == ()


def test_silent_words_weigh_next_to_nothing() -> None:
    assert weigh(prepare("cats 🐱", "en")) == [5.0, 0.05]


def test_an_endless_word_is_cut_for_its_caption() -> None:
    assert len(word("x" * 500, 0, 1).text) == 200


def test_the_silent_voice_keeps_a_readers_pace_and_takes_any_text() -> None:
    voice = SilentVoice()
    speech = voice.speak("Six words stand here without voice.", language="en", speaker=None, rate=1.0)
    assert 2000 <= speech.duration_ms <= 4500 and not speech.samples.any()
    assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(speech.words))
    assert voice.speak("", language="xx", speaker="?", rate=0.0).words == ()
