"""Word times for a voice that reports none: shared out by the words' lengths, within the stretches that have sound."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from gpu_consumers.voice.text import Spoken
from gpu_consumers.voice.timing import SILENCE, Samples, levels, spread, weigh
from schemas.scripts import Word

_FRAME_S = 0.01
#: Silence longer than this is a pause, which no word fills.
_PAUSE_FRAMES = 12


def estimate(spoken: Spoken, samples: Samples, rate: int) -> tuple[Word, ...]:
    """A time for every written word, in order, by the words' letters."""
    return spread(spoken, laid(weigh(spoken), samples, rate), samples, rate)


def laid(by: Sequence[float], samples: Samples, rate: int) -> list[int]:
    """The sample at which each word begins: laid along the voiced part of the sound by their weights."""
    voiced = np.flatnonzero(_sounding(samples, rate))
    weights = np.array(by, float)
    if voiced.size == 0 or weights.size == 0:
        return [0] * len(by)
    before = np.concatenate([[0.0], np.cumsum(weights)[:-1]]) / weights.sum()
    frames = voiced[np.minimum((before * voiced.size).round().astype(int), voiced.size - 1)]
    return [int(frame * int(rate * _FRAME_S)) for frame in frames]


def _sounding(samples: Samples, rate: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Frames that belong to speech: loud ones, and the short gaps between them."""
    loud = levels(samples, rate) > SILENCE
    edges = np.flatnonzero(loud)
    for left, right in pairwise(edges):
        if 1 < right - left <= _PAUSE_FRAMES:
            loud[left:right] = True
    return np.asarray(loud, np.bool_)
