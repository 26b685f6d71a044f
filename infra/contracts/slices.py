"""A slice of a topic, read once from beginning to end. No group, no commit: nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from infra.kafka.partitions import partition_of_key
from infra.kafka.records import Raw
from infra.kafka.stretch import Stretch


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition: the first to read and the one after the last, as they stood at the start."""

    partition: int
    first: int
    end: int


class Slice:
    """The records of a topic with `since <= timestamp < until`, in milliseconds; None: from the first, to the newest.

    The end is where each partition ended when the slice was opened; `ranges` gives other bounds, `key` keeps it to the
    partition that records of that key are in. Use as a context manager; iterate once, and take `done` for how many
    records have been passed out of `total`. Raises NotFoundError, and UnavailableError also for what cannot be read.
    """

    def __init__(
        self, bootstrap: str, topic: str, *, since_ms: int | None = None, until_ms: int | None = None,
        ranges: Sequence[Range] | None = None, key: bytes | None = None,
    ) -> None:  # fmt: skip
        self._topic, self._since, self._until = topic, since_ms, until_ms
        self._given, self._key = ranges, key
        self._log = Stretch(bootstrap, whole=True)
        self.ranges: list[Range] = []
        self.done = 0

    def __enter__(self) -> Self:
        try:
            self.ranges = self._found() if self._given is None else list(self._given)
        except BaseException:
            self._log.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._log.close()

    @property
    def total(self) -> int:
        """How many offsets the slice spans; fewer hold records where a topic is compacted."""
        return sum(found.end - found.first for found in self.ranges)

    def __iter__(self) -> Iterator[Raw]:
        ranges = {(self._topic, found.partition): (found.first, found.end) for found in self.ranges}
        for piece in self._log.read(ranges):
            self.done += len(piece.records)
            yield from filter(self._wanted, piece.records)

    def _wanted(self, record: Raw) -> bool:
        # Producers set the timestamps, so they need not rise within a partition.
        return (self._since is None or record.timestamp_ms >= self._since) and (
            self._until is None or record.timestamp_ms < self._until
        )

    def _found(self) -> list[Range]:
        ranges = self._log.ranges([self._topic])
        if self._key is not None:
            own = (self._topic, partition_of_key(self._key, len(ranges)))
            ranges = {own: ranges[own]}
        if self._since is not None:
            ranges = self._log.since(ranges, self._since)
        return [Range(number, first, end) for (_, number), (first, end) in ranges.items()]
