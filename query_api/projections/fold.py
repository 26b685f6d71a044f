"""What tables should hold: a serial fold of the log, in memory, for a sample of its keys."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from infra.errors import BadInputError
from infra.kafka.offsets import Partition
from infra.kafka.records import Raw, Received
from infra.kafka.stretch import Ranges, Stretch
from infra.kafka.trials import read as trial
from infra.settings import Settings
from query_api.projections.differences import TABLES, key_of
from query_api.projections.filling import MENDED
from query_api.projections.positions import TOPICS
from query_api.projections.writing import writes
from query_api.readmodel.cassandra import CassandraWriter, writing
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.scan import Key
from query_api.readmodel.store import Row
from query_api.readmodel.tables import Write
from schemas.errors import DecodeError

Said = Callable[[str, int], None]


def sample(keys: Iterable[bytes], most: int, seed: str) -> frozenset[bytes]:
    """So many different keys, each as likely as any other: those with the least hashes. One pass, bounded memory."""
    least: dict[bytes, bytes] = {}
    heap: list[tuple[int, bytes]] = []
    for key in keys:
        if key in least:
            continue
        rank = hashlib.blake2b(key, key=seed.encode()[:64], digest_size=16).digest()
        if len(heap) >= most and -heap[0][0] <= int.from_bytes(rank, "big"):
            continue
        least[key] = rank
        heapq.heappush(heap, (-int.from_bytes(rank, "big"), key))
        if len(heap) > most:
            del least[heapq.heappop(heap)[1]]
    return frozenset(least)


def keys_of(log: Stretch, said: Said) -> Iterator[bytes]:
    """The keys of all records that the log holds now, in its order."""
    count = 0
    for piece in log.read(log.ranges(TOPICS)):
        count += len(piece.records)
        said("keys of the log", count)
        yield from (record.key for record in piece.records if record.key)


class Fold:
    """The log of some keys in memory, one record after another. `check` raises ValueError for what no row can hold."""

    def __init__(
        self, log: Stretch, keys: frozenset[bytes], check: Callable[[Sequence[Write]], None], said: Said
    ) -> None:  # fmt: skip
        self._log, self._keys, self._check, self._said = log, keys, check, said
        self._store = MemoryStore()
        self._ends: dict[Partition, int] = {}

    def advance(self) -> Ranges:
        """Go on to where the log ends now; what there is of it."""
        ranges = self._log.ranges((*TOPICS, MENDED))
        self._read({part: (self._ends.get(part, first), end) for part, (first, end) in ranges.items()})
        self._ends = {part: end for part, (_, end) in ranges.items()}
        return {part: span for part, span in ranges.items() if part[0] != MENDED}

    def _read(self, ranges: Ranges) -> None:
        count = 0
        for piece in self._log.read(ranges):
            count += len(piece.records)
            self._said("the log", count)
            for record in piece.records:
                if record.key in self._keys:
                    self._learn(record)

    def _learn(self, record: Raw) -> None:
        try:
            origin = trial(record).record
            made = writes(Received(raw=origin, envelope=origin.decode()))
            self._check(made)
        except (DecodeError, BadInputError, ValueError):
            return  # in the dead letters, and in no version
        self._store.write(made)

    def rows(self) -> list[tuple[str, Key]]:
        """The key of every row."""
        return [(table, key_of(table, row)) for table in TABLES for row in self._store.rows(table)]

    def row(self, table: str, key: Key) -> Row | None:
        """One row."""
        return self._store.row(table, key)


@contextmanager
def checking(settings: Settings) -> Iterator[Callable[[Sequence[Write]], None]]:
    """What says which rows no table can hold, for a `Fold`. Raises UnavailableError."""
    session = writing(settings)
    try:
        session.wait(30)
        yield CassandraWriter(session).check
    finally:
        session.close()
