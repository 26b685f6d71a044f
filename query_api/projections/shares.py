"""A long stretch of the log, filled by several processes: each has partitions, a session and a reader of its own.

Any order of events ends in the same rows, so nobody waits for anybody.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event

from infra import collecting
from infra.errors import UnavailableError
from infra.kafka.offsets import Partition
from infra.settings import Settings
from schemas.topics import TOPICS

#: Below so many records a second process is not worth its start.
WORTH = 50_000
#: More processes than this gain nothing: Cassandra is what they wait for then.
MOST = 8

Ranges = Mapping[Partition, tuple[int, int]]
#: (settings, ranges, stopped, tick(done, unreadable)) -> whether it came to the end.
Fill = Callable[[Settings, Ranges, Event, Callable[[int, int], None]], bool]


def processes(ranges: Ranges) -> int:
    """How many are worth it."""
    return max(1, min(MOST, os.cpu_count() or 1, len(copartitioned(ranges)), size(ranges) // WORTH))


def copartitioned(ranges: Ranges) -> list[dict[Partition, tuple[int, int]]]:
    """The partitions that hold the same keys, together: what they say of a key can be written at once."""
    found: dict[tuple[str, int, int], dict[Partition, tuple[int, int]]] = {}
    for (name, number), span in sorted(ranges.items()):
        topic = TOPICS[name]
        found.setdefault((topic.key, topic.partitions, number), {})[name, number] = span
    return list(found.values())


def shares(ranges: Ranges, count: int) -> list[dict[Partition, tuple[int, int]]]:
    """At most `count` shares of about equal size: the largest of what is co-partitioned goes to the smallest share."""
    parts: list[dict[Partition, tuple[int, int]]] = [{} for _ in range(count)]
    for group in sorted(copartitioned(ranges), key=size, reverse=True):
        min(parts, key=size).update(group)
    return [part for part in parts if part]


def size(ranges: Ranges) -> int:
    """Offsets in them."""
    return sum(end - first for first, end in ranges.values())


@dataclass
class _Worker:
    """A process, and what it has told so far."""

    process: SpawnProcess
    told: Connection
    done: int = 0
    unreadable: int = 0
    ended: bool = field(default=False)
    whole: bool = False


class Shared:
    """Fills `ranges` in as many processes as there are shares. `tick` is told records done and passed over by all."""

    def __init__(self, fill: Fill, settings: Settings, tick: Callable[[int, int], None]) -> None:
        self._fill, self._settings, self._tick = fill, settings, tick
        self._context = get_context("spawn")  # a session must never be shared across a fork
        self._stop: Event = self._context.Event()

    def run(self, parts: list[dict[Partition, tuple[int, int]]], stopped: Callable[[], bool]) -> bool:
        """False where it was stopped before the end. Raises UnavailableError where a process did not get there."""
        workers = [self._start(part) for part in parts]
        try:
            while waiting := {worker.told: worker for worker in workers if not worker.ended}:
                if stopped():
                    self._stop.set()
                for told in wait(list(waiting), 0.5):
                    self._hear(waiting[told])  # type: ignore[index]
                self._tick(sum(one.done for one in workers), sum(one.unreadable for one in workers))
            return all(worker.whole for worker in workers)
        finally:
            self._end(workers)

    def _start(self, part: dict[Partition, tuple[int, int]]) -> _Worker:
        ours, theirs = self._context.Pipe(duplex=False)
        work = (self._fill, self._settings, part, self._stop, theirs)
        process = self._context.Process(target=_work, args=work, daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _hear(self, worker: _Worker) -> None:
        try:
            told = worker.told.recv()
        except EOFError:
            told = "it ended without a word"
        if isinstance(told, str):
            raise UnavailableError(f"One of the processes could not go on: {told}")
        if isinstance(told, bool):
            worker.ended, worker.whole = True, told
        else:
            worker.done, worker.unreadable = told

    def _end(self, workers: list[_Worker]) -> None:
        self._stop.set()
        for worker in workers:
            worker.process.join(20)
            if worker.process.is_alive():
                worker.process.kill()
            worker.told.close()


def _work(fill: Fill, settings: Settings, part: Ranges, stop: Event, tell: Connection) -> None:
    """What runs in each of them. Ctrl-C is for the one that started it: it says when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    collecting.rarely()
    try:
        tell.send(fill(settings, part, stop, lambda done, unreadable: tell.send((done, unreadable))))
    except BrokenPipeError:
        return  # nobody waits for it any more
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told where somebody hears it
        tell.send(f"{type(error).__name__}: {error}")
