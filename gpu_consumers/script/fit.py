"""Fitting words into seconds: which beats stay, and how many lines each of them gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from gpu_consumers.script import grammar
from gpu_consumers.script.archetypes import Archetype, Beat
from gpu_consumers.script.grammar import Line
from gpu_consumers.voice.pace import PAD_S, estimate_seconds

_TRIES = 8
_FEWEST, _MOST = 3, 8
_SECONDS_A_SCENE = 6.2


@dataclass
class Draft:
    """A scene being written."""

    beat: Beat
    lines: list[Line] = field(default_factory=list)
    given: bool = False  #: the user's own words: nothing is added

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def seconds(self) -> float:
        return estimate_seconds(self.text, "en") if self.lines else 0.0


def pick(archetype: Archetype, seconds: float, fixed: int = 0) -> list[Beat]:
    """The beats that this many seconds have room for, in order, beside `fixed` scenes that stand already."""
    wanted = round(seconds / _SECONDS_A_SCENE)
    wanted = min(max(wanted, 2 if fixed else _FEWEST), _MOST - fixed)
    beats = [beat for beat in archetype.beats if not (fixed and beat.repeat)]
    ranked = sorted(range(len(beats)), key=lambda index: (beats[index].rank, index))
    kept = set(ranked[: max(wanted, 2)])
    return [beat for index, beat in enumerate(beats) if index in kept]


class Pen:
    """Writes lines of the grammar, each production and each sentence once."""

    def __init__(self, slots: Mapping[str, str], groups: Sequence[str], rng: Random) -> None:
        self.slots, self.groups, self.rng = slots, groups, rng
        self._used: set[str] = set()

    def line(self, rule: str, room: float, limit: float = 1e9) -> Line | None:
        """The line nearest to `room` seconds and under `limit`; None where the rule has nothing left."""
        found = [c for c in self._candidates(rule) if (estimate_seconds(c.text, "en") - PAD_S) <= limit]
        best = min(found, key=lambda c: abs(estimate_seconds(c.text, "en") - PAD_S - room), default=None)
        if best is not None:
            self._used.add(best.production)
        return best

    def _candidates(self, rule: str) -> list[Line]:
        lines = [(p, w) for p, w in grammar.available(rule, self.groups, self.slots) if p not in self._used]
        if not lines:
            return []
        productions, weights = zip(*lines, strict=True)
        chosen = dict.fromkeys(self.rng.choices(productions, weights, k=_TRIES))
        return [grammar.expand(p, self.slots, self.rng) for p in list(chosen)[:4]]


def write(drafts: list[Draft], pen: Pen, seconds: float) -> None:
    """Fill the drafts: first what must be said, then more where time is left."""
    shares = sum(draft.beat.share for draft in drafts) or 1.0
    for draft in drafts:
        if not draft.given:
            line = pen.line(draft.beat.lines[0], seconds * draft.beat.share / shares)
            draft.lines += [line] if line else []
    pending = [(draft, list(draft.beat.lines[1:])) for draft in drafts if not draft.given]
    while any(rest for _, rest in pending):
        draft, rest = max((p for p in pending if p[1]), key=lambda p: p[0].beat.share * seconds / shares - p[0].seconds)
        rule, room = rest.pop(0), seconds - total(drafts)
        line = pen.line(rule, min(room, 4.5), limit=room + 0.6) if room > 1.2 else None
        draft.lines += [line] if line else []


def total(drafts: Sequence[Draft]) -> float:
    """Spoken seconds of all scenes."""
    return sum(draft.seconds for draft in drafts)
