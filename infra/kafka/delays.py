"""Records that were read before they are due. Pure."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from infra.kafka.offsets import Partition

T = TypeVar("T")


class Delays(Generic[T]):
    """What waits, by partition, first come first served: within a partition nothing overtakes, so offsets rise.

    That costs no time in a retry topic, where all wait equally long. A partition with something waiting is to be
    paused: then no more than one fetch of each is ever held.
    """

    def __init__(self) -> None:
        self._waiting: dict[Partition, deque[tuple[float, T]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def partitions(self) -> frozenset[Partition]:
        """Where something waits."""
        return frozenset(self._waiting)

    def add(self, partition: Partition, item: T, due: float) -> None:
        """An item that may be had from `due` on, in seconds of any clock that `take` is asked with too."""
        self._waiting.setdefault(partition, deque()).append((due, item))

    def take(self, now: float, limit: int = 1_000_000) -> list[T]:
        """What is due, at most `limit` of it."""
        taken: list[T] = []
        for partition, items in list(self._waiting.items()):
            while items and items[0][0] <= now and len(taken) < limit:
                taken.append(items.popleft()[1])
            if not items:
                del self._waiting[partition]
        return taken

    def drop(self, partition: Partition) -> None:
        """Forget a partition that was taken away."""
        self._waiting.pop(partition, None)
