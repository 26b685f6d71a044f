"""What is known of the viewers who are here now: read from the tables, and ahead of them what this process did."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from infra.telemetry import logs
from query_api.caches import Lru
from query_api.feed import Item, merge, newest_revisions, subject_key
from query_api.readmodel.model import ReadModel, Seen
from query_api.readmodel.tables import week_of
from query_api.window import Cards
from schemas.base import now_us, rising

log = logs.get("feed.viewers")

#: Viewers kept: some hundred bytes for each video that they saw lately.
SIZE = 3_000
#: Seconds after which a viewer's week and likes are read again. What this process serves and takes in counts at once;
#: what another one did within that time is in the cursor.
FRESH_S = 5.0
#: Seconds after which a viewer has to be read again before an answer is given.
STALE_S = 30.0
#: Seconds after which the weeks before, and what was made for the viewer, are read again. New videos are in the window.
PAST_S = 60.0


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
    read_at: float = -1e9
    past_at: float = -1e9
    reading: asyncio.Task[None] | None = None
    mark: int = 0  #: changes with what is made for, swiped by and known of the viewer

    def next_us(self) -> int:
        """A timestamp above every one given before."""
        self.last_us = rising(self.last_us)
        return self.last_us

    def note_served(self, videos: Iterable[str], ts_us: int) -> None:
        """These are on their way to the viewer."""
        self._note({video: Seen(served_us=ts_us) for video in videos})

    def note_swiped(self, videos: Mapping[str, int]) -> None:
        """The viewer is done with these, each at its time (microseconds)."""
        self._note({video: Seen(swiped_us=ts_us) for video, ts_us in videos.items()})
        self._sum_up()

    def _sum_up(self) -> None:
        swiped = sum(1 for seen in self.seen.values() if seen.swiped_us)
        likes = ";".join(f"{name}={weight}" for name, weight in sorted(self.interests.items()))
        self.mark = zlib.crc32(f"{swiped}|{len(self.made)}|{likes}".encode())

    def read(self, stored: Mapping[str, Seen], likes: Mapping[str, float]) -> None:
        """Take in what the tables say of the current week."""
        self.interests = _folded(likes)
        self.seen = dict(self.past)
        merge(self.seen, stored)
        self.own = _unwritten(self.own, self.seen)
        merge(self.seen, self.own)
        self._sum_up()

    def _note(self, news: Mapping[str, Seen]) -> None:
        merge(self.own, news)
        merge(self.seen, news)


class Viewers:
    """The viewers who are here now."""

    def __init__(self, read: ReadModel, cards: Cards) -> None:
        self._read, self._cards = read, cards
        self._viewers: Lru[str, Viewer] = Lru(SIZE)

    def known(self, viewer_id: str) -> Viewer:
        """What this process knows, without asking the tables."""
        return self._viewers.get(viewer_id) or self._viewers.put(viewer_id, Viewer(viewer_id))

    async def current(self, viewer_id: str, oldest_week: int) -> Viewer:
        """A viewer as the tables have them, back to `oldest_week`. Raises UnavailableError.

        Who was here lately does not wait: what is older than `FRESH_S` is read again behind the answer. A reading goes
        on when the request that began it has given up: begun anew each time, a busy process would never end one.
        """
        viewer = self.known(viewer_id)
        age = time.monotonic() - viewer.read_at
        if age > FRESH_S and (viewer.reading is None or viewer.reading.done()):
            viewer.reading = asyncio.create_task(self._read_whole(viewer, oldest_week))
            viewer.reading.add_done_callback(_settled)
        if age > STALE_S and viewer.reading is not None:
            await asyncio.shield(viewer.reading)
        return viewer

    async def _read_whole(self, viewer: Viewer, oldest_week: int) -> None:
        now = time.monotonic()
        if now - viewer.past_at > PAST_S:
            await asyncio.gather(self._read_past(viewer, oldest_week), self._read_made(viewer))
            viewer.past_at = now
        await self._read_current(viewer)
        viewer.read_at = now

    async def _read_past(self, viewer: Viewer, oldest_week: int) -> None:
        weeks = range(oldest_week, week_of(now_us()))
        past: dict[str, Seen] = {}
        for seen in await asyncio.gather(*(self._read.seen(viewer.viewer_id, week) for week in weeks)):
            merge(past, seen)
        viewer.past = past

    async def _read_made(self, viewer: Viewer) -> None:
        week = week_of(now_us())
        weeks = await asyncio.gather(*(self._read.made_for(viewer.viewer_id, one) for one in (week, week - 1)))
        viewer.made = newest_revisions(self._cards.items(entry for entries in weeks for entry in entries))

    async def _read_current(self, viewer: Viewer) -> None:
        stored, likes = await asyncio.gather(
            self._read.seen(viewer.viewer_id, week_of(now_us())), self._read.interests(viewer.viewer_id)
        )
        viewer.read(stored, likes)


def _settled(reading: asyncio.Task[None]) -> None:
    if not reading.cancelled() and (error := reading.exception()):
        log.debug("viewer not refreshed", why=str(error))


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
