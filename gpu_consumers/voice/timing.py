"""From word events to words: every written word gets a time, in order, without overlap, inside the sound."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gpu_consumers.voice.text import Spoken, speakable
from schemas.scripts import Word

Samples = npt.NDArray[np.int16]

#: Quieter than this (of 32767) counts as silence; 10 ms frames.
SILENCE, _FRAME_S = 260, 0.01
LEAD_S, TAIL_S = 0.06, 0.1
_LONGEST_WORD = 200


def onsets(spoken: Spoken, events: Sequence[tuple[int, int]]) -> list[int | None]:
    """For each written word the sample at which it begins; None where the voice reported none."""
    starts = [start for start, _ in spoken.spans]
    found: list[int | None] = [None] * len(spoken.words)
    latest = -1
    for sample, position in events:
        index = bisect_right(starts, position) - 1
        if index > latest and speakable(spoken.text[slice(*spoken.spans[index])]):
            found[index] = sample
            latest = index
    return found


def fill(known: Sequence[int | None], weights: Sequence[float], end: int) -> list[int]:
    """Onsets without gaps: words between two known ones share that time by their weights."""
    filled: list[int] = []
    index = 0
    while index < len(known):
        start = known[index]
        begin = start if start is not None else 0
        stop = next((i for i in range(index + 1, len(known)) if known[i] is not None), len(known))
        finish = known[stop] if stop < len(known) else None
        filled += _shared(begin, end if finish is None else finish, weights[index:stop])
        index = stop
    return filled


def _shared(begin: int, finish: int, weights: Sequence[float]) -> list[int]:
    total = sum(weights) or 1.0
    times, spent = [], 0.0
    for weight in weights:
        times.append(begin + round((finish - begin) * spent / total))
        spent += weight
    return times


def weigh(spoken: Spoken) -> list[float]:
    """How much time each word may claim in a shared gap: by its letters; a silent word almost none."""
    return [
        1.0 + sum(c.isalnum() for c in spoken.text[start:end]) if speakable(spoken.text[start:end]) else 0.05
        for start, end in spoken.spans
    ]


def voiced(samples: Samples, rate: int) -> tuple[int, int]:
    """(first, last + 1) sample that is not silence; (0, 0) where all is."""
    loud = np.flatnonzero(levels(samples, rate) > SILENCE)
    frame = int(rate * _FRAME_S)
    return (0, 0) if loud.size == 0 else (int(loud[0]) * frame, min((int(loud[-1]) + 1) * frame, len(samples)))


def levels(samples: Samples, rate: int) -> npt.NDArray[np.int32]:
    """The peak of every 10 ms frame."""
    frame = int(rate * _FRAME_S)
    padded = np.concatenate([samples, np.zeros(-len(samples) % frame, np.int16)]).astype(np.int32)
    peaks: npt.NDArray[np.int32] = np.abs(padded).reshape(-1, frame).max(axis=1)
    return peaks


def trim(samples: Samples, rate: int) -> tuple[Samples, int]:
    """The sound with small pads instead of its own silence at both ends, and the samples taken off its start."""
    first, last = voiced(samples, rate)
    lead, tail = np.zeros(int(rate * LEAD_S), np.int16), np.zeros(int(rate * TAIL_S), np.int16)
    return np.concatenate([lead, samples[first:last], tail]), first - len(lead)


def spread(spoken: Spoken, starts: Sequence[int], samples: Samples, rate: int) -> tuple[Word, ...]:
    """Words that last from their onset until they fall silent, at the latest until the next word begins."""
    peaks, frame = levels(samples, rate), int(rate * _FRAME_S)
    words = []
    for index, text in enumerate(spoken.words):
        begin = min(max(starts[index], 0), len(samples))
        limit = min(max(starts[index + 1], begin), len(samples)) if index + 1 < len(starts) else len(samples)
        loud = np.flatnonzero(peaks[begin // frame : -(-limit // frame)] > SILENCE)
        finish = limit if loud.size == 0 else min(limit, (begin // frame + int(loud[-1]) + 1) * frame)
        words.append(word(text, begin * 1000 // rate, finish * 1000 // rate))
    return tuple(words)


def word(text: str, start_ms: int, end_ms: int) -> Word:
    """A word of the contract; one without any space for hundreds of letters is cut for the caption."""
    return Word(
        text=text if len(text) <= _LONGEST_WORD else text[: _LONGEST_WORD - 1] + "…", start_ms=start_ms, end_ms=end_ms
    )
