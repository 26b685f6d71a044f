"""Which offset may be committed while tasks finish out of order: the one after the last gap-free finished task."""

from __future__ import annotations

from dataclasses import dataclass, field

Partition = tuple[str, int]


@dataclass
class _Window:
    open: set[int] = field(default_factory=set)
    next: int | None = None  #: offset after the highest that was seen
    committed: int | None = None


class GapFreeOffsets:
    """Tracks started and finished offsets of several partitions. Pure: no I/O, not thread-safe."""

    def __init__(self) -> None:
        self._windows: dict[Partition, _Window] = {}

    def start(self, partition: Partition, offset: int) -> None:
        """A record was taken in hand."""
        window = self._windows.setdefault(partition, _Window())
        window.open.add(offset)
        window.next = max(offset + 1, window.next or 0)

    def finish(self, partition: Partition, offset: int) -> None:
        """A record is done. Unknown partitions (revoked meanwhile) are ignored."""
        if window := self._windows.get(partition):
            window.open.discard(offset)

    def forget(self, partition: Partition) -> None:
        """The partition was taken away."""
        self._windows.pop(partition, None)

    def in_hand(self, partition: Partition) -> int:
        """Records started and not finished."""
        window = self._windows.get(partition)
        return len(window.open) if window else 0

    def committable(self) -> dict[Partition, int]:
        """Next offset to read, by partition, for those where it has moved since `committed`."""
        return {
            partition: offset
            for partition, window in self._windows.items()
            if (offset := min(window.open, default=window.next)) is not None and offset != window.committed
        }

    def committed(self, offsets: dict[Partition, int]) -> None:
        """The broker has these."""
        for partition, offset in offsets.items():
            if window := self._windows.get(partition):
                window.committed = offset
