"""A piece of work in the scheduler, and a queue of such, the earliest deadline first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from gpu_consumers.scheduling.policy import ORDER
from gpu_consumers.scheduling.work import Work
from schemas.values import Lane


@dataclass(slots=True, eq=False)
class Job:
    """One clip, or a batch of them under its first one. Its lane and deadline are those of the most urgent asker."""

    key: str
    work: Work
    lane: Lane
    deadline: float
    number: int  #: in the order of arrival
    peak: int
    held: int
    batch_most: int | None = None
    company: str = ""
    askers: int = 1
    used: float = 0.0  #: seconds of the device
    begun: bool = False
    stepped_back: bool = False
    mates: list[Job] = field(default_factory=list)

    @property
    def batch(self) -> int:
        """Clips that are made at once."""
        return 1 + len(self.mates)

    @property
    def urgency(self) -> tuple[int, float, int]:
        """The smaller, the sooner."""
        return ORDER.index(self.lane), self.deadline, self.number


class Queue:
    """Jobs of one lane. What is removed stays in the heap as a blank until it comes up."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Job]] = []
        self._inside: dict[Job, float] = {}

    def __len__(self) -> int:
        return len(self._inside)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._inside)

    def add(self, job: Job) -> None:
        """Put a job in, or once more after its deadline has changed."""
        self._inside[job] = job.deadline
        heapq.heappush(self._heap, (job.deadline, job.number, job))

    def remove(self, job: Job) -> None:
        """Take a job out, wherever it stands."""
        self._inside.pop(job, None)

    def first(self) -> Job | None:
        """The job with the earliest deadline."""
        while self._heap:
            deadline, _, job = self._heap[0]
            if self._inside.get(job) == deadline:
                return job
            heapq.heappop(self._heap)
        return None
