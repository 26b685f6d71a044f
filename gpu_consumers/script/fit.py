"""Fitting words into seconds: which beats stay, and how many lines each of them gets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeVar

from gpu_consumers.script import grammar, slots
from gpu_consumers.script.archetypes import Archetype, Beat
from gpu_consumers.script.clean import sentences
from gpu_consumers.script.grammar import Line
from gpu_consumers.script.memory import mark
from gpu_consumers.voice.pace import PAD_S, estimate_seconds

T = TypeVar("T")
_TRIES, _MENDS, _WAYS = 6, 12, 24
#: Slots that may be whole sentences of the prompt.
_OWN = ("question", "claim", "action", "acts", "about", "heading", "scenario", "fact", "key")
#: How far a line may be from the length that is sought, so that chance and not the clock decides what is said.
_NEAR = 0.45
_TOLERANCE, _WORTH_IT = 0.06, 1.4
_FEWEST, _MOST = 3, 8
_SECONDS_A_SCENE = 6.2


@dataclass
class Draft:
    """A scene being written."""

    beat: Beat
    lines: list[Line] = field(default_factory=list)
    given: bool = False  #: the user's own words: nothing is added
    needs: int = 1  #: how many lines of the first rule it must have
    most_words: int = 999  #: of one line

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def seconds(self) -> float:
        return estimate_seconds(self.text, "en") if self.lines else 0.0


def pick(archetype: Archetype, seconds: float) -> list[Beat]:
    """The beats that a video of this length has room for, in order."""
    wanted = min(max(round(seconds / _SECONDS_A_SCENE), _FEWEST), _MOST)
    ranked = sorted(range(len(archetype.beats)), key=lambda index: (archetype.beats[index].rank, index))
    kept = set(ranked[:wanted])
    return [beat for index, beat in enumerate(archetype.beats) if index in kept]


class Pen:
    """Writes lines of the grammar, each production once, and nothing that the viewer knows already (`heard`: marks)."""

    def __init__(
        self, slots: dict[str, str], groups: Sequence[str], rng: Random, heard: Collection[str] = ()
    ) -> None:  # fmt: skip
        self.slots, self.groups, self.rng = slots, groups, rng
        own = {mark(text) for name in _OWN if (text := slots.get(name))}
        self._heard = frozenset(heard) - own  # the prompt's own words are asked for, however often
        self._used: set[str] = set()

    def forget(self) -> None:
        """Productions may be used again: what fills them has changed."""
        self._used.clear()

    def line(self, rule: str, room: float, limit: float = 1e9, most_words: int = 999) -> Line | None:
        """A line of about `room` seconds and under `limit`; None where the rule has nothing left that fits."""
        found = [line for line in self._candidates(rule) if said(line) <= limit]
        found = [line for line in found if len(line.text.split()) <= most_words] or found
        near = [line for line in found if abs(said(line) - room) <= _NEAR * room]
        chosen = near[0] if near else min(found, key=lambda line: abs(said(line) - room), default=None)
        if chosen is not None:
            self._used.add(chosen.production)
        return chosen

    def _candidates(self, rule: str) -> list[Line]:
        """Lines in random order, those of the more fitting groups rather first."""
        lines = [(p, w) for p, w in grammar.available(rule, self.groups, self.slots) if p not in self._used]
        order = [p for p, _ in sorted(lines, key=lambda line: self.rng.random() ** (1 / line[1]), reverse=True)]
        fresh = [line for production in order[:_TRIES] if (line := self._fresh(production))]
        if len(fresh) < _TRIES // 2:
            fresh += [line for production in order[_TRIES:] if (line := self._fresh(production))]
        return fresh or [line for production in order if (line := self._worn(production))]

    def _fresh(self, production: str) -> Line | None:
        """One way to say a production that was not heard; None where many tries find none."""
        for _ in range(_WAYS):
            line = grammar.expand(production, self.slots, self.rng)
            if not any(map(self._was_heard, [*sentences(line.text), line.punch])):
                return line
        return None

    def _worn(self, production: str) -> Line | None:
        """What is new in a production, without its sentences that were heard."""
        line = grammar.expand(production, self.slots, self.rng)
        new = [sentence for sentence in sentences(line.text) if not self._was_heard(sentence)]
        return replace(line, text=" ".join(new)) if new else None

    def _was_heard(self, sentence: str) -> bool:
        return mark(sentence) in self._heard


def said(line: Line) -> float:
    """Seconds of a line inside a scene."""
    return estimate_seconds(line.text, "en") - PAD_S


def write(drafts: list[Draft], pen: Pen, seconds: float) -> None:
    """Fill the drafts: first what must be said, then more where time is left, then mend what is too long."""
    shares = {id(draft): seconds * draft.beat.share / sum(d.beat.share for d in drafts) for draft in drafts}
    for draft in (draft for draft in drafts if not draft.given):
        for _ in range(draft.needs):
            room = shares[id(draft)] / draft.needs - PAD_S
            line = pen.line(draft.beat.lines[0], room, most_words=draft.most_words)
            draft.lines += [line] if line else []
        pen.slots = slots.again(pen.slots)
    _shorten(drafts, pen, seconds)
    pending = [(draft, list(draft.beat.lines[1:])) for draft in drafts if not draft.given]
    while any(rest for _, rest in pending):
        draft, rest = max((p for p in pending if p[1]), key=lambda p: shares[id(p[0])] - p[0].seconds)
        rule, room = rest.pop(0), seconds - total(drafts)
        line = pen.line(rule, min(room, 4.5), limit=room + 0.8) if room > _WORTH_IT else None
        draft.lines += [line] if line else []


def _shorten(drafts: list[Draft], pen: Pen, seconds: float) -> None:
    """Take shorter lines, the longest first, while the whole is too long."""
    for _ in range(_MENDS):
        excess = total(drafts) - seconds
        lines = [
            (said(line), place, draft) for draft in drafts if not draft.given for place, line in enumerate(draft.lines)
        ]
        if excess < seconds * _TOLERANCE or not lines:
            return
        now, place, longest = max(lines, key=lambda line: line[0] / line[2].beat.share)
        shorter = pen.line(longest.beat.lines[0], max(now - excess, 1.0), limit=now - 0.3)
        if shorter is None:
            return
        longest.lines[place] = shorter


def lengthen(drafts: list[Draft], pen: Pen, seconds: float) -> None:
    """Where the rules of the beats gave too little: more to think about, in the shortest scenes before the last."""
    middle = [draft for draft in drafts[1:-1] if not draft.given] or [d for d in drafts if not d.given]
    for _ in range(_MENDS):
        room = seconds - total(drafts)
        line = pen.line("facts.after", min(room, 5.0), limit=room + 3.0) if room > 0 and middle else None
        if line is None:
            return
        min(middle, key=lambda draft: draft.seconds).lines.append(line)


def until(tries: Iterable[T], enough: Callable[[T], bool]) -> Iterator[T]:
    """The tries up to the first that is good enough; all of them where none is."""
    for each in tries:
        yield each
        if enough(each):
            return


def total(drafts: Sequence[Draft]) -> float:
    """Spoken seconds of all scenes."""
    return sum(draft.seconds for draft in drafts)
