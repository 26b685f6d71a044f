"""What is known of the viewers who are here now: read from the tables, and ahead of them what this process did."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from query_api.caches import Lru
from query_api.feed import Item, merged, subject_key
from query_api.readmodel.model import ReadModel, Seen
from query_api.readmodel.tables import week_of
from query_api.window import Cards
from schemas.base import now_us, rising

#: Viewers kept; seconds after which the current week, and the weeks before it, are read again.
SIZE, FRESH_S, PAST_S = 10_000, 1.0, 600.0


@dataclass
class Viewer:
    """One viewer. `own` is what this process served and took in: it may not be in the tables yet."""

    viewer_id: str
    own: dict[str, Seen] = field(default_factory=dict)
    past: dict[str, Seen] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    made: list[Item] = field(default_factory=list)
    interests: Mapping[str, float] = field(default_factory=dict)
    last_us: int = 0
    read_at: float = -FRESH_S * 100
    past_at: float = -PAST_S * 100

    def next_us(self) -> int:
        """A timestamp above every one given before."""
        self.last_us = rising(self.last_us)
        return self.last_us

    def note_served(self, videos: Iterable[str], ts_us: int) -> None:
        """These are on their way to the viewer."""
        self._note({video: Seen(served_us=ts_us) for video in videos})

    def note_swiped(self, videos: Iterable[str], ts_us: int) -> None:
        """The viewer is done with these."""
        self._note({video: Seen(swiped_us=ts_us) for video in videos})

    def _note(self, news: Mapping[str, Seen]) -> None:
        self.own = merged([self.own, news])
        self.seen = merged([self.seen, news])


class Viewers:
    """The viewers who are here now."""

    def __init__(self, read: ReadModel, cards: Cards) -> None:
        self._read, self._cards = read, cards
        self._viewers: Lru[str, Viewer] = Lru(SIZE)

    def known(self, viewer_id: str) -> Viewer:
        """What this process knows, without asking the tables."""
        return self._viewers.get(viewer_id) or self._viewers.put(viewer_id, Viewer(viewer_id))

    async def current(self, viewer_id: str, oldest_week: int) -> Viewer:
        """A viewer as the tables have them, back to `oldest_week`. Raises UnavailableError."""
        viewer = self.known(viewer_id)
        now = time.monotonic()
        if now - viewer.past_at > PAST_S:
            await self._read_past(viewer, oldest_week)
            viewer.past_at = now
        if now - viewer.read_at > FRESH_S:
            await self._read_current(viewer)
            viewer.read_at = now
        return viewer

    async def _read_past(self, viewer: Viewer, oldest_week: int) -> None:
        weeks = range(oldest_week, week_of(now_us()))
        viewer.past = merged(await asyncio.gather(*(self._read.seen(viewer.viewer_id, week) for week in weeks)))

    async def _read_current(self, viewer: Viewer) -> None:
        week, who = week_of(now_us()), viewer.viewer_id
        seen, made, before, likes = await asyncio.gather(
            self._read.seen(who, week),
            self._read.made_for(who, week),
            self._read.made_for(who, week - 1),
            self._read.interests(who),
        )
        viewer.seen = merged([viewer.past, seen, viewer.own])
        viewer.made = [self._cards.item(entry) for entry in (*made, *before)]
        viewer.interests = _folded(likes)
        viewer.own = _unwritten(viewer.own, seen)


def _folded(likes: Mapping[str, float]) -> dict[str, float]:
    folded: dict[str, float] = {}
    for subject, weight in likes.items():
        folded[subject_key(subject)] = folded.get(subject_key(subject), 0.0) + weight
    return folded


def _unwritten(own: Mapping[str, Seen], stored: Mapping[str, Seen]) -> dict[str, Seen]:
    """What the tables do not have yet."""
    return {
        video: seen
        for video, seen in own.items()
        if (there := stored.get(video)) is None or there.served_us < seen.served_us or there.swiped_us < seen.swiped_us
    }
