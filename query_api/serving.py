"""Serving the feed: choose, remember, and say so in an event."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Protocol

from infra.errors import UnavailableError
from infra.telemetry import logs
from query_api.cursors import Cursor
from query_api.feed import POLICY, UPCOMING, Catalogue, Choice, Item, Watcher, choose
from query_api.readmodel.model import ReadModel
from query_api.watchers import Viewer, Viewers
from query_api.window import Cards, Window
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, root
from schemas.feeds import FeedServed, Impression

log = logs.get("feed")
SOURCE = "query-api"
#: Seconds that a request waits for the tables, however many queries that takes.
WAIT_S = 1.0


class Publisher(Protocol):
    """The part of `infra.kafka.producer.EventProducer` that the API uses."""

    def send(self, envelope: Envelope[Message], topic: str | None = None) -> Future[None]: ...

    async def publish(self, envelope: Envelope[Message], topic: str | None = None, *, timeout: float = 5.0) -> None: ...


class Feed:
    """The feed of every viewer."""

    def __init__(self, read: ReadModel, publisher: Publisher) -> None:
        self._publisher = publisher
        cards = Cards()
        self._window = Window(read, cards)
        self.viewers = Viewers(read, cards)

    async def serve(self, viewer_id: str, limit: int, cursor: Cursor | None) -> tuple[list[Choice], Cursor]:
        """The next videos and the cursor for those after them. Raises UnavailableError."""
        catalogue, viewer = await self._read(viewer_id)
        cursor = cursor or Cursor(now_us())
        # No await from here to the note: two requests at once must not get the same videos.
        chosen = choose(catalogue, self._made(viewer), _watcher(viewer, cursor), limit + UPCOMING)
        served = chosen[:limit]
        videos = [choice.item.video_id for choice in served]
        ts_us = viewer.next_us()
        viewer.note_served(videos, ts_us)
        self._tell(viewer_id, served, chosen[limit:], ts_us)
        return served, cursor.after(videos)

    async def mark(self, viewer_id: str) -> str:
        """What the feed of a viewer is made of right now, as a weak ETag (RFC 9110). Raises UnavailableError."""
        await self._read(viewer_id)
        return self.last_mark(viewer_id)

    def last_mark(self, viewer_id: str) -> str:
        """The same, as of the last answer."""
        return f'W/"{self._window.mark}.{self.viewers.known(viewer_id).mark:x}"'

    async def _read(self, viewer_id: str) -> tuple[Catalogue, Viewer]:
        try:
            async with asyncio.timeout(WAIT_S):
                catalogue = await self._window.catalogue()
                return catalogue, await self.viewers.current(viewer_id, self._window.oldest_week())
        except TimeoutError as error:
            raise UnavailableError("The feed could not be read in time.") from error

    def _made(self, viewer: Viewer) -> Iterable[Item]:
        gone = self._window.gone
        return (item for item in viewer.made if item.revision > gone.get(item.video_id, 0))

    def _tell(self, viewer_id: str, served: Sequence[Choice], later: Sequence[Choice], ts_us: int) -> None:
        """An answer does not wait for the log: should the event be lost, videos may be offered once more."""
        event = FeedServed(
            viewer_id=viewer_id,
            ts_us=ts_us,
            items=tuple(
                Impression(video_id=choice.item.video_id, position=position, reason=choice.reason.value, propensity=1.0)
                for position, choice in enumerate(served)
            ),
            upcoming=tuple(choice.item.video_id for choice in later),
            policy=POLICY,
        )
        try:
            self._publisher.send(_enveloped(event)).add_done_callback(_report)
        except UnavailableError as error:
            log.warning("impression lost", why=str(error))


def _watcher(viewer: Viewer, cursor: Cursor) -> Watcher:
    return Watcher(viewer.viewer_id, viewer.seen, viewer.interests, cursor.since_us, frozenset(cursor.last))


#: Tells the events of this process from those of another.
_PROCESS = ids.fresh()


def _enveloped(event: FeedServed) -> Envelope[FeedServed]:
    """An id and a trace without asking the system for randomness, which costs more than all the rest of an answer."""
    own = ids.derive(f"{_PROCESS}/{event.viewer_id}/{event.ts_us}", "feed-served")
    digits = own.replace("-", "")
    return root(event, source=SOURCE, event_id=own, traceparent=f"00-{digits}-{digits[16:]}-01")


def _report(done: Future[None]) -> None:
    if error := done.exception():
        log.warning("impression lost", why=str(error))
