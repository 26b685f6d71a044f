"""Is a version right? Compared with another one row by row, or with a serial fold of the log for a sample of keys.

Both sides move while they are compared. What differs is therefore looked at again once both have passed the end that
the log had when the difference was seen: what differs then, and again, is no matter of time.
"""

from __future__ import annotations

import hashlib
import heapq
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.cassandra.versions import of_version
from infra.errors import BadInputError, UnavailableError
from infra.kafka.offsets import Partition
from infra.kafka.records import Raw, Received
from infra.kafka.stretch import Ranges, Stretch
from infra.kafka.trials import read as trial
from infra.settings import Settings
from query_api.projections.differences import TABLES, Count, Difference, compared, key_of, suspects
from query_api.projections.filling import MENDED, Filling
from query_api.projections.positions import NAME, TOPICS, left
from query_api.projections.shares import size
from query_api.projections.writing import writes
from query_api.readmodel.cassandra import CassandraWriter, stored, writing
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.scan import Key, Rows, scanning
from query_api.readmodel.store import Row
from query_api.readmodel.tables import KEYS, Write
from schemas.errors import DecodeError

#: Differences that are looked at again and told; how often; how long the live version may take to catch up.
MOST, ROUNDS, PATIENCE_S = 1_000, 6, 60.0

Suspect = tuple[str, Key]
Said = Callable[[str, int], None]


@dataclass(slots=True)
class Verdict:
    """What was found. `more` says that there are more differences than were looked into."""

    rows: int = 0
    differences: list[Difference] = field(default_factory=list)
    more: bool = False

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        found = [one.as_json() for one in self.differences]
        return {"rows": self.rows, "different": len(found), "more": self.more, "differences": found}


class Versions:
    """Two versions of which one may be live, and the log that fills both."""

    def __init__(self, settings: Settings, live: int, stopped: threading.Event) -> None:
        self._settings, self._live, self._stopped = settings, live, stopped

    def bring(self, number: int, ranges: Ranges) -> None:
        """Wait until a version has passed these ranges of the log, or fill it. Raises UnavailableError."""
        if number == self._live:
            return self._wait(number, ranges)
        with Filling(of_version(self._settings, number), self._stopped) as filling:
            filling.to_the_end()

    def _wait(self, number: int, ranges: Ranges) -> None:
        session, deadline = writing(of_version(self._settings, number)), time.monotonic() + PATIENCE_S
        try:
            session.wait(10)
            while behind := size(left(stored(session, NAME), ranges)):
                if time.monotonic() > deadline or self._stopped.is_set():
                    hint = "Is the projector running? `swipestream status` says so."
                    raise UnavailableError(f"The live version does not catch up: {behind} records to go.", hint=hint)
                self._stopped.wait(0.2)
        finally:
            session.close()


def against_version(
    settings: Settings, number: int, other: int, live: int, stopped: threading.Event, said: Said
) -> Verdict:  # fmt: skip
    """Every row of `number` beside that of `other`. Raises UnavailableError."""
    versions, verdict, count = Versions(settings, live, stopped), Verdict(), Count()
    with ExitStack() as stack:
        log = stack.enter_context(Stretch(settings.kafka_address))
        old, new = (stack.enter_context(scanning(of_version(settings, one))) for one in (other, number))
        for one in {number, other} - {live}:
            versions.bring(one, log.ranges(TOPICS))
        found = _gathered(old, new, count, verdict, stopped, said)

        def again(ranges: Ranges) -> Callable[[Suspect], Difference | None]:
            for one in (number, other):
                versions.bring(one, ranges)
            return lambda suspect: compared(*suspect, old.row(*suspect), new.row(*suspect))

        verdict.differences = _settled(found, lambda: again(log.ranges(TOPICS)))
    verdict.rows = count.rows
    return verdict


def _gathered(
    old: Rows, new: Rows, count: Count, verdict: Verdict, stopped: threading.Event, said: Said
) -> list[Suspect]:  # fmt: skip
    found: list[Suspect] = []
    for table in TABLES:
        said(table, count.rows)
        for suspect in suspects(old, new, table, count):
            said(table, count.rows)
            if len(found) >= MOST:
                verdict.more = True
                return found
            found.append(suspect)
        if stopped.is_set():
            raise BadInputError("Stopped. Nothing was decided.")
    return found


def _settled(
    found: list[Suspect], look: Callable[[], Callable[[Suspect], Difference | None]]
) -> list[Difference]:  # fmt: skip
    """What still differs each time that both sides have come as far as the log."""
    left = [Difference(table, key) for table, key in found]
    for _ in range(ROUNDS):
        if not left:
            break
        again = look()
        left = [differs for one in left if (differs := again((one.table, one.key)))]
    return left


def against_log(
    settings: Settings, number: int, keys: int, seed: str, live: int, stopped: threading.Event, said: Said
) -> Verdict:  # fmt: skip
    """The rows of a sample of videos and viewers beside a serial fold of the log in memory. Raises UnavailableError."""
    versions, verdict = Versions(settings, live, stopped), Verdict()
    with ExitStack() as stack:
        log = stack.enter_context(Stretch(settings.kafka_address))
        rows = stack.enter_context(scanning(of_version(settings, number)))
        checks = stack.enter_context(_checking(of_version(settings, number)))
        fold = Fold(log, sample(_keys(log, said), keys, seed), checks, said)

        def look() -> Callable[[Suspect], Difference | None]:
            versions.bring(number, fold.advance())
            return lambda suspect: compared(*suspect, fold.row(*suspect), rows.row(*suspect))

        first = look()
        everything = [*fold.rows(), *_beside(fold, rows)]
        verdict.rows = len(dict.fromkeys(everything))
        found = [suspect for suspect in dict.fromkeys(everything) if first(suspect)]
        verdict.more, found = len(found) > MOST, found[:MOST]
        verdict.differences = _settled(found, look)
    return verdict


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


def _keys(log: Stretch, said: Said) -> Iterator[bytes]:
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

    def rows(self) -> list[Suspect]:
        """The key of every row."""
        return [(table, key_of(table, row)) for table in TABLES for row in self._store.rows(table)]

    def row(self, table: str, key: Key) -> Row | None:
        """One row."""
        return self._store.row(table, key)


@contextmanager
def _checking(settings: Settings) -> Iterator[Callable[[Sequence[Write]], None]]:
    session = writing(settings)
    try:
        session.wait(30)
        yield CassandraWriter(session).check
    finally:
        session.close()


def _beside(fold: Fold, rows: Rows) -> list[Suspect]:
    """What the version has in partitions that belong to the sampled keys alone: it may be more than it should."""
    own = {(table, key[: len(KEYS[table][0])]) for table, key in fold.rows() if KEYS[table][0][0] in _OWN}
    return [(table, key_of(table, row)) for table, partition in own for row in rows.partition(table, partition)]


#: Tables partitioned by these hold nothing of another key.
_OWN = ("video_id", "viewer_id")
