"""The pseudonym of each viewer, at the door: looked up once, then remembered."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from infra.errors import UnavailableError
from infra.people.keys import Key, address, fresh
from infra.people.store import KeyStore
from infra.telemetry import logs
from schemas.topics import VIEWER_KEYS

log = logs.get("people")

#: Viewers remembered: some 300 bytes each.
SIZE = 50_000
#: Seconds after which what is remembered is looked up again, behind the answer. A viewer who was erased meanwhile is
#: known for that long at most (see `forget.GRACE_S`).
FRESH_S = 20.0
#: Seconds that Kafka has to take a key.
ACK_S = 5.0


class Publisher(Protocol):
    """The part of `infra.kafka.producer.EventProducer` that is used."""

    def send_raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> Future[None]: ...


@dataclass(slots=True)
class _Known:
    pseudonym: str
    at: float
    looking: bool = False


class Pseudonyms:
    """Maps names to pseudonyms. For one event loop.

    Who is remembered is known even while Cassandra is away; for anyone else `of` raises UnavailableError then. Keys go
    into the topic behind the answer, so that nobody waits for Kafka: one that it did not take is sent by whoever looks
    the viewer up next.
    """

    def __init__(self, store: KeyStore, publisher: Publisher, *, size: int = SIZE, fresh_s: float = FRESH_S) -> None:
        self._store, self._publisher = store, publisher
        self._size, self._fresh_s = size, fresh_s
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def of(self, viewer_id: str) -> str:
        """The viewer's pseudonym; a new one for who was never here. Raises UnavailableError."""
        known = self._known.get(viewer_id)
        if known is None:
            return self._remember(viewer_id, await self._found_or_made(viewer_id))
        self._known.move_to_end(viewer_id)
        if time.monotonic() - known.at > self._fresh_s and not known.looking:
            known.looking = True
            self._behind(self._look_again(viewer_id, known))
        return known.pseudonym

    def _remember(self, viewer_id: str, pseudonym: str) -> str:
        self._known[viewer_id] = _Known(pseudonym, time.monotonic())
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return pseudonym

    def _behind(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _found_or_made(self, viewer_id: str) -> str:
        where = address(viewer_id)
        held = await self._store.find(where) or await self._store.keep(where, fresh())
        if not held.logged:
            self._behind(self._log(where, held.key))
        return held.key.pseudonym

    async def _look_again(self, viewer_id: str, known: _Known) -> None:
        where = address(viewer_id)
        try:
            held = await self._store.find(where)
            known.at = time.monotonic()
            if held is None or held.key.pseudonym != known.pseudonym:
                self._known.pop(viewer_id, None)
            elif not held.logged:
                await self._log(where, held.key)
        except UnavailableError as error:
            log.debug("not looked up again", why=str(error))
        finally:
            known.looking = False

    async def _log(self, where: str, key: Key) -> None:
        """Into the topic, from which the store is read back should it be lost."""
        try:
            await self._published(where, key.dumped())
            if not await self._store.logged(where):
                await self._published(where, None)  # erased in between
        except (UnavailableError, TimeoutError) as error:
            log.info("a viewer's key is logged later", why=str(error))

    async def _published(self, where: str, value: bytes | None) -> None:
        sent = self._publisher.send_raw(VIEWER_KEYS.name, where.encode(), value, ())
        await asyncio.wait_for(asyncio.wrap_future(sent), ACK_S)
