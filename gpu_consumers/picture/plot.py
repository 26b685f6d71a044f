"""Plots: where the figures of a chart stand, and when each is told; geometry alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gpu_consumers.picture.motion import ease_out, progress
from schemas.scripts import Word

#: Frames in which a figure grows to its size, and from one to the next where nobody tells them.
GROWS, STEP = 14, 5
#: Steps of an axis, as shares of a power of ten, and how many there are at most.
_STEPS, _MOST = (1.0, 2.0, 2.5, 5.0, 10.0), 4
#: Values are the same where they differ by less than this, as a share or at all.
_SAME = 1e-9
_SHORT = ((1e12, "T"), (1e9, "B"), (1e6, "M"))


@dataclass(frozen=True)
class Axis:
    """The values from one end of a plot to the other; ticks every `step` of them."""

    low: float
    high: float
    step: float

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one."""
        return (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round values, both ends included."""
        count = round((self.high - self.low) / self.step)
        return tuple(round(self.low + n * self.step, 10) for n in range(count + 1))


def spans(values: Sequence[float]) -> list[tuple[float, float]]:
    """Bars from zero to their values, as shares of the length that holds them all."""
    low, high = min(0.0, *values), max(0.0, *values)
    length = high - low or 1.0
    return [(-low / length, (value - low) / length) for value in values]


def axis(values: Sequence[float]) -> Axis:
    """An axis that holds the values, and zero where they come down to it by more than half."""
    low, high = min(values), max(values)
    if 0 <= low < high / 2:
        low = 0.0
    if math.isclose(low, high, rel_tol=_SAME, abs_tol=_SAME):
        low, high = (low - abs(low) / 10, high + abs(high) / 10) if abs(low) > _SAME else (0.0, 1.0)
    step = _round((high - low) / _MOST)
    return Axis(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step)


def _round(step: float) -> float:
    """The next round step that is as long or longer."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(share * power for share in _STEPS if share * power >= step * (1 - 1e-9))


def numbers(ticks: Sequence[float]) -> list[str]:
    """Ticks as they stand on an axis: millions and more are shortened, all of them alike."""
    most = max(map(abs, ticks))
    size, letter = next(((size, letter) for size, letter in _SHORT if most >= size), (1.0, ""))
    return [f"{tick / size:,.10g}{letter if tick else ''}" for tick in ticks]


def places(labels: Sequence[str]) -> list[float]:
    """Where moments stand from 0 to 1: years as far apart as they are, others evenly."""
    at = [float(label) if label.isdecimal() else math.nan for label in labels]
    if not all(after > before for before, after in pairwise(at)):
        at = [float(n) for n in range(len(labels))]
    return [(each - at[0]) / (at[-1] - at[0]) for each in at]


@dataclass(frozen=True)
class Telling:
    """When the figures of a chart are told, in frames."""

    mentions: tuple[tuple[int, int], ...]  #: (frame, number of the figure), rising
    starts: tuple[float, ...]  #: from when each grows; infinite: not in this scene

    def grown(self, number: int, frame: int) -> float:
        """How far a figure is, 0 to 1."""
        return ease_out(progress(frame, self.starts[number], GROWS))

    def spoken(self, frame: int) -> int | None:
        """The figure that is being told."""
        return next((number for at, number in reversed(self.mentions) if at <= frame), None)


def telling(labels: Sequence[str], words: Sequence[Word], fps: int, told: int, *, cover: bool) -> Telling:
    """By the words that are spoken. The first `told` stand already; all of them on a cover; where no word names any,
    they come one after the other."""
    found = tuple((words[at].start_ms * fps // 1000, number) for at, number in _named(labels, words))
    first = {number: frame for frame, number in reversed(found)} or {n: 2 + STEP * n for n in range(len(labels))}
    starts = [float(first.get(number, math.inf)) for number in range(len(labels))]
    stands = len(labels) if cover else told
    return Telling(found, (*[-math.inf] * stands, *starts[stands:]))


def _named(labels: Sequence[str], words: Sequence[Word]) -> list[tuple[int, int]]:
    """(place of the word, number of the label) wherever a label is said; of two the longer one."""
    said = [_plain(word.text) for word in words]
    parts = [[_plain(part) for part in label.split()] for label in labels]
    found, at = [], 0
    while at < len(said):
        here = [n for n, part in enumerate(parts) if said[at : at + len(part)] == part]
        best = max(here, key=lambda n: len(parts[n]), default=None)
        found += [] if best is None else [(at, best)]
        at += 1 if best is None else len(parts[best])
    return found


def _plain(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())
