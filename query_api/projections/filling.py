"""Filling one version of the tables from the log, beside whatever else reads and writes: no group, no commit.

Nothing but rows comes of it: what projects returns writes, so a rebuild can publish, render and push nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, Self

from infra.cassandra.session import Session
from infra.errors import BadInputError, UnavailableError
from infra.kafka.offsets import Partition
from infra.kafka.records import Raw, Received
from infra.kafka.stretch import Piece, Stretch
from infra.kafka.trials import read
from infra.settings import Settings
from infra.telemetry import logs
from query_api.projections.positions import NAME, TOPICS, left
from query_api.projections.shares import Shared, copartitioned, processes, shares, size
from query_api.projections.writing import Projector
from query_api.readmodel.cassandra import CassandraWriter, stored, writing
from schemas.errors import DecodeError
from schemas.topics import NOW, retry_topic

log = logs.get("filling")

#: What operators mended and sent back stands in no other topic.
MENDED = retry_topic(NAME, NOW)
#: A version has caught up when so few records are left; the projector reads them when it takes over.
NEARLY = 500
#: Records that are decoded, and their rows bound, at a time.
PIECE = 40_000
#: Times that the end of the log is asked for again, and how long an outage of the store is waited for.
ROUNDS, PATIENCE_S = 20, 120.0


@dataclass(slots=True)
class Progress:
    """How far it is: records passed, of how many; those that could not be read; since when."""

    total: int = 0
    done: int = 0
    unreadable: int = 0
    started: float = 0.0

    @property
    def left(self) -> int:
        """Records that are not in the tables yet."""
        return max(0, self.total - self.done)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.started

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.done / max(0.001, self.seconds)

    def told(self) -> str:
        """For people."""
        passed = f", {self.unreadable:,} passed over" if self.unreadable else ""
        return f"{self.done:,} of {self.total:,} records{passed}, {self.rate:,.0f} a second"

    def as_json(self) -> dict[str, int | float]:
        """For scripts."""
        return {
            "records": self.done, "left": self.left, "unreadable": self.unreadable,
            "seconds": round(self.seconds, 3), "rate": round(self.rate, 1),
        }  # fmt: skip


Told = Callable[[Progress], None]


class Stopped(Protocol):
    """An event, of threads or of processes."""

    def is_set(self) -> bool:
        """Whether it came."""

    def wait(self, timeout: float) -> bool:
        """Wait for it; whether it came."""


class Filling:
    """Brings the tables of `settings.keyspace` up to the end of the log, from where they are.

    Use as a context manager. Killed at any time, it goes on where it was: positions are written after the rows.
    """

    def __init__(self, settings: Settings, stopped: Stopped, told: Told = lambda _: None) -> None:
        self._settings, self._stopped, self._told = settings, stopped, told
        self._session: Session = writing(settings)
        self._log = Stretch(settings.kafka_address)
        self._writer = CassandraWriter(self._session)
        self._projector = Projector(self._writer)
        self.progress = Progress()

    def __enter__(self) -> Self:
        self._session.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        with self._log:
            self._session.close()

    def left(self) -> dict[Partition, tuple[int, int]]:
        """Where the tables are and where the log ends, for partitions in which there is something between."""
        return left(stored(self._session, NAME), self._log.ranges(TOPICS))

    def catch_up(self) -> bool:
        """Fill until hardly anything is left; False where it was stopped before. Raises UnavailableError."""
        self.progress = Progress(started=time.monotonic())
        for _ in range(ROUNDS):
            left = self.left()
            self.progress.total = self.progress.done + size(left)
            if not self._share(left):
                return False
            if size(self.left()) <= NEARLY:
                return self.fill(self._log.ranges((MENDED,)), count=False)
        return True

    def to_the_end(self) -> bool:
        """Fill once, up to where the log ends now; False where it was stopped before. Raises UnavailableError."""
        return self.fill(self.left()) and self.fill(self._log.ranges((MENDED,)), count=False)

    def fill(self, ranges: Mapping[Partition, tuple[int, int]], *, count: bool = True) -> bool:
        """Fill these ranges; False where it was stopped before. Without `count` no positions are kept."""
        before = self._log.broken
        # Few keys at a time, in long pieces, so that many rows of each go in one batch.
        for parts in copartitioned(ranges):
            for piece in self._log.read(parts, PIECE):
                self._write(piece, keep=count)
                if count:
                    self.progress.done += _passed(piece, parts)
                    parts = {part: (piece.positions.get(part, first), end) for part, (first, end) in parts.items()}
                self._told(self.progress)
                if self._stopped.is_set():
                    return False
        self.progress.unreadable += self._log.broken - before
        return True

    def _share(self, ranges: Mapping[Partition, tuple[int, int]]) -> bool:
        """As `fill`, in several processes where that is worth it."""
        count = processes(ranges)
        if count == 1:
            return self.fill(ranges)
        before = replace(self.progress)

        def tick(done: int, unreadable: int) -> None:
            self.progress.done, self.progress.unreadable = before.done + done, before.unreadable + unreadable
            self._told(self.progress)

        return Shared(fill_part, self._settings, tick).run(shares(ranges, count), self._stopped.is_set)

    def _write(self, piece: Piece, *, keep: bool) -> None:
        records = [received for record in piece.records if (received := self._decode(record))]
        self._insist(lambda: self._handle(records))
        if keep and piece.positions:
            self._insist(lambda: self._projector.passed(piece.positions))

    def _decode(self, record: Raw) -> Received | None:
        try:
            origin = read(record).record
            return Received(raw=origin, envelope=origin.decode())
        except DecodeError:
            self.progress.unreadable += 1
            return None

    def _handle(self, records: Sequence[Received]) -> None:
        """All at once; where one of them cannot be held by any row, each alone, and without those."""
        if not records:
            return
        try:
            self._projector.rows(records)
        except (BadInputError, ValueError) as error:
            if len(records) == 1:
                self.progress.unreadable += 1
                log.info("passed over", record=records[0].offset, topic=records[0].topic, why=str(error))
                return
            middle = len(records) // 2
            self._handle(records[:middle])
            self._handle(records[middle:])

    def _insist(self, work: Callable[[], None]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return work()
            except UnavailableError as error:
                if time.monotonic() > deadline or self._stopped.is_set():
                    raise
                log.info("waiting", why=str(error))
                self._stopped.wait(1)


def fill_part(
    settings: Settings, ranges: Mapping[Partition, tuple[int, int]], stopped: Stopped, tick: Callable[[int, int], None]
) -> bool:
    """Fill some partitions, in a process of its own; False where it was stopped before. Raises UnavailableError."""
    told = partial(_tell, tick)
    with Filling(settings, stopped, told) as filling:
        return filling.fill(ranges)


def _tell(tick: Callable[[int, int], None], progress: Progress) -> None:
    tick(progress.done, progress.unreadable)


def _passed(piece: Piece, ranges: Mapping[Partition, tuple[int, int]]) -> int:
    return sum(at - ranges[part][0] for part, at in piece.positions.items())
