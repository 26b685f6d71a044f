"""Keys in Cassandra. Two processes that meet a viewer at once agree by a lightweight transaction.

The table is refilled from the topic viewer-keys when it is new: after a restore, or when the keyspace was deleted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files

from cassandra.cluster import ResponseFuture

from infra.cassandra.cluster import trouble
from infra.cassandra.session import Row, Session
from infra.cassandra.statements import load
from infra.contracts.slices import Slice
from infra.errors import NotFoundError, UnavailableError
from infra.people.keys import Key, loaded
from infra.people.store import Held
from infra.settings import Settings
from infra.telemetry import logs
from schemas.topics import VIEWER_KEYS

log = logs.get("people")

#: The row that says that the table holds what the topic holds.
COMPLETE = "complete"
_IN_FLIGHT = 64


def session(settings: Settings, *, request_s: float = 0.8) -> Session:
    """A session for the keys."""
    return Session(settings, load(files("infra.people") / "keys.cql"), request_s=request_s)


class CassandraKeyStore:
    """A `KeyStore` through a session made by `session`."""

    def __init__(self, own: Session, bootstrap: str) -> None:
        self._session, self._bootstrap = own, bootstrap
        self._complete = False
        self._filling: asyncio.Task[int] | None = None

    async def find(self, address: str) -> Held | None:
        """The key, or None."""
        rows = await self._session.fetch("find", {"address": address})
        return _held(rows[0]) if rows and rows[0]["secret"] else None

    async def keep(self, address: str, key: Key) -> Held:
        """The first one stays. Waits for the table to be complete: the topic may know the viewer."""
        await self.completed()
        if held := await self.find(address):
            return held
        cells = {"address": address, "secret": key.secret.hex(), "since_us": key.since_us}
        (row,) = await self._session.fetch("keep", cells)
        return Held(key, logged=False) if row["[applied]"] else _held(row)

    async def logged(self, address: str) -> bool:
        """Note it where there is a key."""
        (row,) = await self._session.fetch("logged", {"address": address})
        return bool(row["[applied]"])

    async def fill(self) -> None:
        """Refill the table as soon as that works, rather than when the first new viewer comes."""
        while True:
            try:
                return await self.completed()
            except UnavailableError as error:
                log.info("waiting", why=str(error))
                await asyncio.sleep(1)

    async def completed(self) -> None:
        """Wait until the table holds what the topic holds. Raises UnavailableError."""
        if self._complete:
            return
        if self._filling is None:
            self._filling = asyncio.create_task(asyncio.to_thread(complete, self._session, self._bootstrap))
        try:
            await asyncio.shield(self._filling)
        except BaseException:
            if self._filling.done():
                self._filling = None  # the next one tries again
            raise
        self._complete = True


def complete(own: Session, bootstrap: str) -> int:
    """Refill the table from the topic, unless that has been done; how many records. Raises UnavailableError.

    Stamped by offsets, far below what transactions are stamped with: whatever is newer stays.
    """
    own.wait(5)
    if _wait(own.submit(own.bind("find", {"address": COMPLETE}))):
        return 0
    waiting: deque[ResponseFuture] = deque()
    count = 0
    for name, values in _records(bootstrap):
        count += 1
        waiting.append(own.submit(own.bind(name, values), timeout=10))
        if len(waiting) >= _IN_FLIGHT:
            _wait(waiting.popleft())
    for future in waiting:
        _wait(future)
    _wait(own.submit(own.bind("refill", {"address": COMPLETE, "secret": "", "since_us": 0, "stamp": 1})))
    log.info("keys of viewers read back", records=count)
    return count


def _records(bootstrap: str) -> Iterator[tuple[str, dict[str, str | int]]]:
    try:
        with Slice(bootstrap, VIEWER_KEYS.name) as records:
            for record in records:
                where: dict[str, str | int] = {"address": (record.key or b"").decode(), "stamp": record.offset + 1}
                if not record.value:
                    yield "erase", where
                    continue
                key = loaded(record.value)
                yield "refill", where | {"secret": key.secret.hex(), "since_us": key.since_us}
    except NotFoundError as error:
        raise UnavailableError(str(error), hint="swipestream topics apply") from error


def find(settings: Settings, address: str) -> Held | None:
    """The key of one viewer, for a command. Raises UnavailableError."""
    with closing(session(settings, request_s=10)) as own:
        complete(own, settings.kafka_address)
        rows = _wait(own.submit(own.bind("find", {"address": address})))
        return _held(rows[0]) if rows and rows[0]["secret"] else None


def destroy(settings: Settings, address: str) -> None:
    """Delete the key of one viewer. Raises UnavailableError."""
    with closing(session(settings, request_s=10)) as own:
        own.wait(10)
        _wait(own.submit(own.bind("destroy", {"address": address})))


def _held(row: Row) -> Held:
    return Held(Key(bytes.fromhex(row["secret"]), row["since_us"]), logged=bool(row["logged"]))


def _wait(future: ResponseFuture) -> list[Row]:
    try:
        return list(future.result())
    except Exception as error:
        raise trouble(error) from error
