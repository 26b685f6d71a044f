"""Which waiting task goes next: the most urgent lane, unless something in a lower one has waited too long. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from infra.kafka.offsets import Partition

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T]):
    arrived: float
    partition: Partition
    task: T
    age: int


class Lanes(Generic[T]):
    """Waiting tasks by lane, in the order of urgency that `lanes` gives.

    A lane gains one rank for each `ageing_s` that a task of it has waited, so none starves. Within a lane the oldest
    goes first, over all partitions: what was asked for first is finished first, not begun first.
    """

    def __init__(self, lanes: Sequence[str], *, ageing_s: float = 180.0) -> None:
        self._rank = {lane: rank for rank, lane in enumerate(lanes)}
        self._waiting: dict[str, list[_Waiting[T]]] = {lane: [] for lane in lanes}
        self._ageing_s = ageing_s

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, partition: Partition, task: T, now: float, *, lane: str | None = None, age: int = 0) -> None:
        """A task arrived at `now` (seconds of any steady clock).

        `lane` is given where it is not the topic's own; `age` orders tasks within a lane, the smallest first (the time
        at which they were asked for, say).
        """
        self._waiting[lane or partition[0]].append(_Waiting(now, partition, task, age))

    def waiting(self, lane: str) -> int:
        """Tasks waiting in a lane."""
        return len(self._waiting[lane])

    def waiting_from(self, topics: Collection[str]) -> int:
        """Tasks waiting, in whatever lane, that were read from these topics."""
        return sum(item.partition[0] in topics for tasks in self._waiting.values() for item in tasks)

    def take(self, now: float, *, urgent: bool = False) -> T | None:
        """The next task, or None; only one of the most urgent lane where `urgent` says so."""
        filled = [lane for lane, tasks in self._waiting.items() if tasks and (self._rank[lane] == 0 or not urgent)]
        if not filled:
            return None
        lane = min(filled, key=lambda name: (self._urgency(name, now), self._rank[name]))
        tasks = self._waiting[lane]
        return tasks.pop(min(range(len(tasks)), key=lambda index: tasks[index].age)).task

    def drop(self, partition: Partition) -> None:
        """Forget what waits of a partition that was taken away."""
        for lane, tasks in self._waiting.items():
            self._waiting[lane] = [item for item in tasks if item.partition != partition]

    def _urgency(self, lane: str, now: float) -> float:
        waited = now - min(item.arrived for item in self._waiting[lane])
        return self._rank[lane] - waited // self._ageing_s
