"""The newest published videos, kept in memory and refreshed behind the requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import ValidationError

from infra.errors import UnavailableError
from infra.telemetry import logs
from query_api.caches import Lru
from query_api.feed import Catalogue, Item, subject_key
from query_api.readmodel.model import Entry, ReadModel
from query_api.readmodel.tables import week_of
from schemas.base import now_us
from schemas.cards import VideoCard

log = logs.get("feed.window")

#: Videos held, and how many weeks are looked through for them.
SIZE, WEEKS = 500, 12
#: Seconds after which the newest are read again; everything is; an answer from memory is too old to be given.
FRESH_S, WHOLE_S, STALE_S = 0.5, 30.0, 5.0
#: Events may arrive late by this much and still be found without reading everything.
LATE_US = 60_000_000


class Cards:
    """Entries as items: each card is parsed once."""

    def __init__(self, size: int = 5_000) -> None:
        self._items: Lru[tuple[str, int], Item] = Lru(size)

    def items(self, entries: Iterable[Entry]) -> Iterator[Item]:
        """The items of entries. A card that cannot be read is left out: one bad row must not end every feed."""
        for entry in entries:
            key = (entry.video_id, entry.revision)
            try:
                yield self._items.get(key) or self._items.put(key, _item(entry))
            except ValidationError as error:
                log.warning("card left out", video=entry.video_id, why=str(error))


class Window:
    """The last `SIZE` videos of everyone. A request waits only when what is in memory is older than `STALE_S`."""

    def __init__(self, read: ReadModel, cards: Cards) -> None:
        self._read, self._cards = read, cards
        self._entries: dict[tuple[int, str], Entry] = {}
        self._catalogue = Catalogue()
        self._gone: dict[str, int] = {}
        self._read_at = self._whole_at = -STALE_S * 100
        self._task: asyncio.Task[None] | None = None

    @property
    def gone(self) -> Mapping[str, int]:
        """What was withdrawn: the video, and the revision up to which it is gone."""
        return self._gone

    @property
    def mark(self) -> str:
        """Changes whenever a video comes or goes; the same in every process."""
        items = self._catalogue.items
        newest = next(iter(items), None)
        return f"{newest.published_us if newest else 0:x}.{len(items)}.{len(self._gone)}"

    async def catalogue(self) -> Catalogue:
        """What there is. Raises UnavailableError when they are out of date and cannot be read."""
        age = time.monotonic() - self._read_at
        if age > FRESH_S and self._task is None:
            self._task = asyncio.create_task(self._refresh())
            self._task.add_done_callback(self._refreshed)
        if age > STALE_S and self._task is not None:
            await asyncio.shield(self._task)
        return self._catalogue

    def oldest_week(self) -> int:
        """The week of the oldest video here; this week when there is none."""
        items = self._catalogue.items
        return week_of(items[-1].published_us if items else now_us())

    def _refreshed(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()):
            log.warning("feed not refreshed", why=str(error))
            if not isinstance(error, UnavailableError):
                log.error("feed window", exc_info=error)

    async def _refresh(self) -> None:
        started = time.monotonic()
        if started - self._whole_at > WHOLE_S:
            self._entries, self._gone = await self._whole()
            self._whole_at = started
            self._rank()
        elif await self._newest():
            self._rank()
        self._read_at = started

    async def _whole(self) -> tuple[dict[tuple[int, str], Entry], dict[str, int]]:
        entries: dict[tuple[int, str], Entry] = {}
        gone: dict[str, int] = {}
        this_week = week_of(now_us())
        # An event may be stamped a little ahead of this clock, so the next week counts too.
        for week in range(this_week + 1, this_week - WEEKS, -1):
            _merge(gone, await self._read.withdrawn(week))
            entries |= _keyed(await self._read.published(week, most=SIZE))
            if len(entries) >= SIZE:
                break
        return entries, gone

    async def _newest(self) -> bool:
        """Whether there was anything new."""
        before = len(self._entries), sum(self._gone.values())
        newest = max((published for published, _ in self._entries), default=now_us())
        after = min(newest, now_us()) - LATE_US
        for week in range(week_of(after), week_of(now_us()) + 1):
            self._entries |= _keyed(await self._read.published(week, after, SIZE))
            _merge(self._gone, await self._read.withdrawn(week))
        return before != (len(self._entries), sum(self._gone.values()))

    def _rank(self) -> None:
        newest = sorted(self._entries, reverse=True)[:SIZE]
        self._entries = {key: self._entries[key] for key in newest}
        alive = (entry for entry in self._entries.values() if entry.revision > self._gone.get(entry.video_id, 0))
        self._catalogue = Catalogue(self._cards.items(alive))


def _merge(gone: dict[str, int], more: Iterable[tuple[str, int]]) -> None:
    for video, revision in more:
        gone[video] = max(revision, gone.get(video, 0))


def _keyed(entries: Sequence[Entry]) -> dict[tuple[int, str], Entry]:
    return {(entry.published_us, entry.video_id): entry for entry in entries}


def _item(entry: Entry) -> Item:
    # Parsed even though the text is what gets served: a card that is none must not reach a client.
    card = VideoCard.model_validate_json(entry.card)
    subject = subject_key(card.subject)
    return Item(entry.video_id, entry.revision, entry.published_us, subject, entry.card, entry.viewer_id)
