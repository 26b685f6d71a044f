"""The read model's tables in Cassandra."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files

from cassandra.cluster import ResponseFuture
from cassandra.query import BatchStatement, BoundStatement

from infra.cassandra.cluster import trouble
from infra.cassandra.session import Row, Session, unlogged
from infra.cassandra.statements import load
from infra.cassandra.versions import live_keyspace
from infra.errors import StoreAwayError, UnavailableError
from infra.settings import Settings
from query_api.readmodel.latest import latest
from query_api.readmodel.tables import Value, Write
from schemas.base import now_us

#: Rows and bytes of a batch. It is one mutation, of which Cassandra's 5 KiB for batches says nothing (CASSANDRA-10876);
#: each costs the driver as much as 15 rows do, and so as few are sent as a piece of the log allows.
BATCH_ROWS, BATCH_BYTES = 100, 16_000
#: Batches on their way at a time.
IN_FLIGHT = 48
#: Seconds after which one that never ended counts as failed; each has a time-out of its own, far below.
LONGEST_S = 120.0


def reading(settings: Settings) -> Session:
    """A session for queries of the version that is read, whichever that is by then.

    It gives up early, so that a client gets its 503 in time.
    """
    live = partial(live_keyspace, base=settings.keyspace)
    return Session(settings, load(files("query_api.readmodel") / "read.cql"), request_s=0.8, follow=live)


def writing(settings: Settings) -> Session:
    """A session for filling one version, that of `settings.keyspace`: its writes, and the question where it was."""
    folder = files("query_api.readmodel")
    asked = {"positions": load(folder / "read.cql")["positions"]}
    return Session(settings, asked | load(folder / "write.cql"), request_s=10)


def stored(session: Session, projection: str) -> dict[tuple[str, int], int]:
    """How far a projection is, by (topic, partition). Blocks; raises UnavailableError."""
    try:
        rows = session.submit(session.bind("positions", {"projection": projection})).result()
    except Exception as error:
        raise trouble(error) from error
    return {(row["topic"], row["partition"]): row["position"] for row in rows}


class CassandraReader:
    """Answers queries through a session made by `reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def fetch(self, query: str, values: Mapping[str, Value]) -> Sequence[Row]:
        """The rows of a query. Raises UnavailableError."""
        return await self._session.fetch(query, values)


class CassandraWriter:
    """Writes through a session made by `writing`: one unlogged batch per partition, a bounded number under way."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self, writes: Sequence[Write]) -> None:
        """Returns when every write is there. Raises UnavailableError, and ValueError for what a table cannot hold."""
        flight = _Flight()
        for batch in self._batches(writes):
            flight.take_off()
            try:
                flight.watch(self._session.submit(batch))
            except UnavailableError as error:
                flight.land(error)
        flight.finish()

    def check(self, writes: Sequence[Write]) -> None:
        """Raises ValueError for what a table cannot hold. Writes nothing."""
        self._batches(writes)

    def _batches(self, writes: Sequence[Write]) -> list[BoundStatement | BatchStatement]:
        """Everything is bound before anything is sent: a value that does not fit stops the whole call."""
        now = now_us()
        bound = (
            [self._bind(write, ttl) for write in chunk if (ttl := write.ttl_s(now)) is not None]
            for chunk in chunked(writes)
        )
        return [rows[0] if len(rows) == 1 else unlogged(rows) for rows in bound if rows]

    def _bind(self, write: Write, ttl_s: int) -> BoundStatement:
        values = {**write.cells, "stamp": write.stamp}
        if ttl_s:
            values["ttl_s"] = ttl_s
        try:
            return self._session.bind(f"erase_{write.table}" if write.erase else write.table, values)
        except UnavailableError:
            raise
        except Exception as error:
            # struct.error, TypeError, OverflowError …: whatever the driver's codecs raise for a value out of range.
            raise ValueError(f"{write.table} cannot hold {sorted(write.cells)}: {error}") from error


def chunked(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """What is to be written of them, each list one mutation: of one partition, and not too large."""
    groups: dict[tuple[Value, ...], list[Write]] = defaultdict(list)
    for write in latest(writes):
        groups[write.partition].append(write)
    return (chunk for group in groups.values() for chunk in _chunks(group))


def _chunks(group: Sequence[Write]) -> Iterator[list[Write]]:
    chunk: list[Write] = []
    size = 0
    for write in group:
        own = 100 + sum([len(value) for value in write.cells.values() if type(value) is str])
        if chunk and (len(chunk) == BATCH_ROWS or size + own > BATCH_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(write)
        size += own
    yield chunk


class _Flight:
    """Counts what is under way and keeps the first error."""

    def __init__(self) -> None:
        self._slots = threading.Semaphore(IN_FLIGHT)
        self._error: BaseException | None = None

    def take_off(self) -> None:
        """Wait for a place. Raises UnavailableError where none gets free."""
        if not self._slots.acquire(timeout=LONGEST_S):
            raise StoreAwayError("Cassandra", f"a write has not ended for {LONGEST_S:g} s")

    def watch(self, future: ResponseFuture) -> None:
        future.add_callbacks(lambda _: self.land(None), lambda error: self.land(trouble(error)))

    def land(self, error: BaseException | None) -> None:
        self._error = self._error or error
        self._slots.release()

    def finish(self) -> None:
        for _ in range(IN_FLIGHT):
            self.take_off()
        if self._error is not None:
            raise self._error
