"""The sum of all costs, by video, flavor, viewer or day. Pure: events go in, in any order and more than once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from schemas.base import Message
from schemas.envelope import Envelope
from schemas.videos import (
    PromptAccepted,
    SceneCommissioned,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    VideoEvent,
    VideoPublished,
    WorkStopped,
)
from schemas.works import Cost


class By(StrEnum):
    """What costs are summed by."""

    VIDEO = "video"
    FLAVOR = "flavor"
    VIEWER = "viewer"
    DAY = "day"


@dataclass
class Line:
    """One line of the account. Amounts of several currencies are never added up: each has a line of its own."""

    name: str
    cost: Cost
    videos: set[str] = field(default_factory=set)
    scenes: int = 0
    reused: int = 0  #: scenes that had been drawn before and cost next to nothing
    thrown: float = 0.0  #: of the amount, what was given up half-way: nobody wanted it any more

    @property
    def thrown_share(self) -> float:
        """Of the amount, from 0 to 1."""
        return self.thrown / self.cost.amount if self.cost.amount else 0.0


#: Of whom nothing says for whom, or how, it was made: because what says so lies before the moment asked for.
UNKNOWN = "(unknown)"
NOBODY = "(nobody in particular)"


#: What carries the cost of one step.
_PAID = (ScriptWritten, SceneVoiced, SceneCommissioned, SceneRendered, VideoPublished, WorkStopped)


class Ledger:
    """Takes events; `lines` sums them up."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._flavors: dict[str, str] = {}
        self._viewers: dict[str, str | None] = {}
        self._lines: dict[tuple[str, str, str], Line] = {}  #: by video, day and currency

    def learn(self, event: Envelope[Message], *, counts: bool = True) -> None:
        """Take in an event of a video; one with the id of another is that one again.

        One that does not count only tells for whom and how a video was made.
        """
        data = event.data
        if not isinstance(data, VideoEvent) or event.id in self._seen:
            return
        if isinstance(data, PromptAccepted | ScriptWritten):
            self._flavors[data.video_id], self._viewers[data.video_id] = data.flavor, data.viewer_id
        if counts and isinstance(data, _PAID):
            self._seen.add(event.id)
            self._add(data, data.cost)

    def _add(self, data: VideoEvent, cost: Cost) -> None:
        day = datetime.fromtimestamp(data.ts_us / 1e6, UTC).date().isoformat()
        empty = Line("", Cost(currency=cost.currency), {data.video_id})
        line = self._lines.setdefault((data.video_id, day, cost.currency), empty)
        line.cost += cost
        if isinstance(data, SceneRendered):
            line.scenes += 1
            line.reused += data.reused
        if isinstance(data, WorkStopped):
            line.thrown += cost.amount

    def lines(self, by: By) -> list[Line]:
        """The dearest first; days in their order."""
        name = self._naming(by)
        sums: defaultdict[tuple[str, str], Line] = defaultdict(lambda: Line("", Cost()))
        for (video, day, currency), line in self._lines.items():
            key = (name(video, day), currency)
            sums[key] = _joined(sums.get(key) or Line(key[0], Cost(currency=currency)), line)
        if by is By.DAY:
            return sorted(sums.values(), key=lambda line: line.name)
        return sorted(sums.values(), key=lambda line: (-line.cost.amount, line.name))

    def _naming(self, by: By) -> Callable[[str, str], str]:
        if by is By.VIDEO:
            return lambda video, _day: video
        if by is By.DAY:
            return lambda _video, day: day
        if by is By.FLAVOR:
            return lambda video, _day: self._flavors.get(video, UNKNOWN)
        return lambda video, _day: (self._viewers[video] or NOBODY) if video in self._viewers else UNKNOWN


def _joined(one: Line, other: Line) -> Line:
    scenes, reused, thrown = one.scenes + other.scenes, one.reused + other.reused, one.thrown + other.thrown
    return Line(one.name, one.cost + other.cost, one.videos | other.videos, scenes, reused, thrown)


def total(lines: list[Line]) -> list[Line]:
    """One line for each currency."""
    sums: dict[str, Line] = {}
    for line in lines:
        currency = line.cost.currency
        sums[currency] = _joined(sums.get(currency) or Line("total", Cost(currency=currency)), line)
    return [sums[currency] for currency in sorted(sums)]
