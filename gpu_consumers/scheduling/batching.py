"""Which waiting jobs share a batch with one that is about to begin. Pure.

A clip of thousands of tokens fills a device by itself: two of them at once take twice as long. So nothing is batched
unless the cost model has measured, for this very work, that it makes more clips a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest

from gpu_consumers.scheduling.jobs import Job
from gpu_consumers.scheduling.policy import Policy
from gpu_consumers.scheduling.work import Costs


def best_batch(first: Job, waiting: Iterable[Job], costs: Costs, policy: Policy, now: float) -> list[Job]:
    """The others of the batch, the most urgent first; none where it does not pay or would make `first` late."""
    most = policy.batch_most if first.batch_most is None else min(first.batch_most, policy.batch_most)
    sizes = [size for size in range(2, most + 1) if costs.gain(first.work, size) >= policy.batch_gain]
    if not sizes:
        return []
    alike = [job for job in waiting if _alike(job, first)]
    sizes = [size for size in sizes if size <= 1 + len(alike) and _in_time(first, size, costs, now)]
    best = max(sizes, key=lambda size: costs.gain(first.work, size), default=1)
    return nsmallest(best - 1, alike, key=lambda job: job.urgency)


def _alike(job: Job, first: Job) -> bool:
    """Whether it can be made together with the first. One that may have no company is asked for so after a failure."""
    same = job.work == first.work and job.company == first.company and job.batch_most == first.batch_most
    return same and not job.begun and job is not first


def _in_time(first: Job, size: int, costs: Costs, now: float) -> bool:
    """Whether the batch keeps the deadline of the first; one that is late already loses nothing more by company."""
    alone, together = (now + costs.clip(first.work, batch).high for batch in (1, size))
    return together <= first.deadline or alone > first.deadline
