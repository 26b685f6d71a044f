"""Which waiting task goes next: the most urgent lane, unless something in a lower one has waited too long. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from infra.kafka.offsets import Partition

T = TypeVar("T")


class Lanes(Generic[T]):
    """Waiting tasks by topic, in the order of urgency that `topics` gives.

    A lane gains one rank for each `ageing_s` that its oldest task has waited, so none starves. Within a lane: first
    come, first served, over its partitions.
    """

    def __init__(self, topics: Sequence[str], *, ageing_s: float = 60.0) -> None:
        self._rank = {topic: rank for rank, topic in enumerate(topics)}
        self._waiting: dict[str, deque[tuple[float, Partition, T]]] = {topic: deque() for topic in topics}
        self._ageing_s = ageing_s

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, partition: Partition, task: T, now: float, lane: str | None = None) -> None:
        """A task arrived at `now` (seconds of any steady clock). `lane` is given where it is not the topic's own."""
        self._waiting[lane or partition[0]].append((now, partition, task))

    def waiting(self, topic: str) -> int:
        """Tasks waiting in a lane."""
        return len(self._waiting[topic])

    def take(self, now: float) -> T | None:
        """The next task, or None."""
        filled = [topic for topic, tasks in self._waiting.items() if tasks]
        if not filled:
            return None
        topic = min(filled, key=lambda name: (self._urgency(name, now), self._rank[name]))
        return self._waiting[topic].popleft()[2]

    def drop(self, partition: Partition) -> None:
        """Forget what waits of a partition that was taken away."""
        for topic, tasks in self._waiting.items():
            self._waiting[topic] = deque(item for item in tasks if item[1] != partition)

    def _urgency(self, topic: str, now: float) -> float:
        waited = now - self._waiting[topic][0][0]
        return self._rank[topic] - waited // self._ageing_s
