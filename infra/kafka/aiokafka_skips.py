"""The same for aiokafka, and so for Faust: a batch that cannot be read is reported and left out, not raised for ever.

aiokafka unpacks a batch deep inside its fetcher and raises there each time it is fetched again, which ends a Faust
worker. The only seam is the class that unpacks: it is replaced by one that gets its batches through a check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from aiokafka.consumer import fetcher

from infra.kafka.offsets import Partition

#: (partition, first offset, next offset, why). May raise: then the batch is fetched again.
Report = Callable[[Partition, int, int, str], None]
_ORIGINAL: Any = fetcher.PartitionRecords


def skip_unreadable(report: Report) -> None:
    """From now on every aiokafka consumer of this process reports what it cannot read, and goes on behind it."""

    class Checked(_ORIGINAL):  # type: ignore[misc]  # the library has no types
        def __init__(self, tp: Any, records: Any, aborted: Any, fetch_offset: int, *more: Any) -> None:
            super().__init__(tp, Batches(tp, records, fetch_offset, report), aborted, fetch_offset, *more)

    fetcher.PartitionRecords = Checked


class Batches:
    """The batches of one fetch, each read as a whole; one that cannot be read comes without records."""

    def __init__(self, tp: Any, records: Any, fetch_offset: int, report: Report) -> None:
        self._partition: Partition = (tp.topic, tp.partition)
        self._records, self._next, self._report, self._ended = records, fetch_offset, report, False

    def has_next(self) -> bool:
        """Whether there is one more."""
        return not self._ended and bool(self._records.has_next())

    def next_batch(self) -> Batch:
        """The next one."""
        try:
            batch = self._records.next_batch()
        except Exception as error:  # noqa: BLE001 - not even its header can be read: what follows is noise
            self._ended = True
            return self._skip(self._next, self._next + 1, error)
        try:
            if not batch.validate_crc():
                raise ValueError("the checksum is wrong")
            items = list(batch)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the next one may be right
            return self._skip(max(batch.base_offset, self._next), batch.next_offset, error)
        self._next = batch.next_offset
        return Batch(batch, items, batch.next_offset)

    def _skip(self, start: int, end: int, error: Exception) -> Batch:
        if end > start:
            self._report(self._partition, start, end, repr(error))
        self._next = end
        return Batch(None, [], end)


class Batch:
    """What the fetcher asks of a batch. `source` is the real one, None where that cannot be read."""

    def __init__(self, source: Any, items: list[Any], next_offset: int) -> None:
        self._items = iter(items)
        self.next_offset = next_offset
        self.base_offset = source.base_offset if source else next_offset
        self.producer_id = source.producer_id if source else None
        self.is_control_batch = source.is_control_batch if source else False
        self.is_transactional = source.is_transactional if source else False

    def validate_crc(self) -> bool:
        """That has been done."""
        return True

    def __iter__(self) -> Iterator[Any]:
        return self._items

    def __next__(self) -> Any:
        return next(self._items)
