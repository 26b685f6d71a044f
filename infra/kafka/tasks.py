"""The shell of a worker with long tasks: one thread polls, work runs elsewhere, offsets are committed gap-free.

Partitions are paused while enough waits, so polling never stops and the group never loses a busy worker. A crash
redelivers what was not committed; since finished artefacts are found by their hash, redelivery costs next to nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from infra.heartbeat import Heartbeat
from infra.kafka import trouble
from infra.kafka.batches import consumer_config, retried
from infra.kafka.deadletters import Aside
from infra.kafka.delays import Delays
from infra.kafka.execution import Execution, OnFailure, Work, silent
from infra.kafka.lanes import Lanes
from infra.kafka.leaving import leave
from infra.kafka.offsets import GapFreeOffsets, Partition
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw, raw
from infra.kafka.trials import Trial, begun
from infra.kafka.unreadable import Unreadable
from infra.telemetry import logs, metrics

log = logs.get("kafka.tasks")

COMMIT_EVERY_S = 0.5
#: Tasks of a lane that are read ahead, so that the oldest of several partitions can be chosen.
LOOK_AHEAD = 16
#: A task whose service is away rests this long. It stays in hand, and others go on meanwhile.
REST_S = 1.0


@dataclass(frozen=True, slots=True)
class _Task:
    """A record as it was read, and the trial that it is."""

    partition: Partition
    offset: int
    trial: Trial


class TaskConsumer:
    """Runs `work` for each record of `topics` (most urgent first), `concurrency` at a time.

    `work` must be idempotent and returns effects, which are published and acknowledged before the task counts as
    done. A task that raises goes through the retry topics, which are read too, or to `<name>.dead`; `on_failure` is
    asked only then. While `shortage` gives a reason, no task is begun; nothing is lost meanwhile. `stop` lets what is
    running finish, for `drain_s` at most. `tiers` replaces the delays.
    """

    def __init__(
        self, bootstrap: str, name: str, topics: Sequence[str], work: Work, producer: EventProducer,
        *, on_failure: OnFailure = silent, concurrency: int = 1, drain_s: float = 7.0,
        tiers: Mapping[str, float] | None = None, shortage: Callable[[], str | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._name, self._drain_s, self._stop = name, drain_s, threading.Event()
        aside = Aside(producer, name, tiers=tiers)
        self._execution = Execution(name, work, producer, aside, self._stop, on_failure=on_failure)
        self._shortage, self._short = shortage, False
        self._topics, self._retries = list(topics), retried(name, tiers)
        self._lanes: Lanes[_Task] = Lanes(topics)
        self._delays: Delays[_Task] = Delays()
        self._resting: Delays[_Task] = Delays()
        self._offsets = GapFreeOffsets()
        self._running: dict[Future[None], _Task | None] = {}  #: None: its partition was taken away meanwhile
        self._concurrency = concurrency
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=name)
        self._heartbeat = Heartbeat(name)
        self._committed_at = 0.0
        self._consumer = Consumer(
            consumer_config(bootstrap, name)
            | {"client.id": name, "queued.min.messages": 1, "queued.max.messages.kbytes": 4096}
        )
        self._unreadable = Unreadable(bootstrap, name, self._consumer, producer)
        self._paused: frozenset[Partition] | None = None
        self._consumer.subscribe(
            [*topics, *self._retries], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )

    def stop(self) -> None:
        """End after the tasks in hand. May be called from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> None:
        """Consume until `stop`. Commits what is done and leaves the group on the way out."""
        try:
            with self._heartbeat:
                while not self._stop.is_set():
                    self._heartbeat.beat()
                    self._step()
            self._drain()
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
            leave(self._consumer)

    def _step(self) -> None:
        self._admit(0.02 if self._running else 0.2)
        self._reap()
        self._wake()
        self._fill()
        self._balance()
        if time.monotonic() - self._committed_at > COMMIT_EVERY_S:
            self._commit()

    def _admit(self, timeout: float) -> None:
        message = self._consumer.poll(timeout)
        if message is None:
            return
        if error := message.error():
            trouble.note(error, message.topic())
            if skipped := self._unreadable.skip(message):
                self._pass(*skipped)
            return
        record = raw(message)
        partition = (record.topic, record.partition)
        self._offsets.start(partition, record.offset)
        self._sort(partition, record)

    def _pass(self, partition: Partition, end: int) -> None:
        """What lies before `end` cannot be read: it counts as done."""
        self._offsets.start(partition, end - 1)
        self._offsets.finish(partition, end - 1)

    def _sort(self, partition: Partition, record: Raw) -> None:
        task = _Task(partition, record.offset, begun(record))
        if partition[0] in self._retries:
            wait_s = task.trial.wait_s(time.time() * 1000, self._retries[partition[0]])
            return self._delays.add(partition, task, time.monotonic() + wait_s)
        return self._line_up(task)

    def _line_up(self, task: _Task) -> None:
        """Into the lane of the topic that it first came from."""
        record = task.trial.record
        lane = record.topic if record.topic in self._topics else self._topics[-1]
        self._lanes.add(task.partition, task, time.monotonic(), lane=lane, age=record.timestamp_ms)

    def _wake(self) -> None:
        """Line up what has become due, no more than can soon be begun, however many others stand there already."""
        free = max(0, 2 * self._concurrency - self._lanes.waiting_from(self._retries))
        now = time.monotonic()
        for task in [*self._delays.take(now, free), *self._resting.take(now)]:
            self._line_up(task)

    def _pausing(self) -> bool:
        """Whether no work may be begun now. Tasks wait in hand or in the topic; nothing is lost."""
        why = self._shortage()
        if bool(why) != self._short:
            self._short = bool(why)
            log.warning("taking no work", consumer=self._name, why=why) if why else log.info(
                "taking work again", consumer=self._name
            )
            metrics.PAUSED.labels(consumer=self._name).set(self._short)
        return self._short

    def _fill(self) -> None:
        if self._pausing():
            return
        while len(self._running) < self._concurrency and (task := self._next()):
            self._running[self._pool.submit(self._execution.run, task.trial)] = task
        metrics.IN_HAND.labels(consumer=self._name).set(len(self._running))

    def _next(self) -> _Task | None:
        """The last place of several is kept for the most urgent lane: what has just come must not wait for a place."""
        last = 1 < self._concurrency == len(self._running) + 1
        return self._lanes.take(time.monotonic(), urgent=last and len(self._topics) > 1)

    def _reap(self) -> None:
        for future in [future for future in self._running if future.done()]:
            task = self._running.pop(future)
            if task is None:  # whoever has the partition now does it, and finds what was made here
                continue
            if future.exception() is None:
                self._offsets.finish(task.partition, task.offset)
            else:  # something it needs is away: it stays in hand and is tried again, here or after a restart
                log.warning("put back", partition=task.partition, offset=task.offset, why=str(future.exception()))
                self._resting.add(task.partition, task, time.monotonic() + REST_S)

    def _balance(self) -> None:
        """Pause what has enough waiting; resume it when it has not."""
        full = {topic for topic in self._topics if self._lanes.waiting(topic) >= LOOK_AHEAD}
        held = self._delays.partitions | self._resting.partitions
        wanted = frozenset((topic, -1) for topic in full) | held
        if wanted == self._paused:
            return
        self._paused = wanted
        assigned = self._consumer.assignment()
        stopped = [item for item in assigned if item.topic in full or (item.topic, item.partition) in held]
        self._consumer.pause(stopped)
        self._consumer.resume([item for item in assigned if item not in stopped])

    def _commit(self) -> None:
        self._committed_at = time.monotonic()
        offsets = self._offsets.committable()
        if not offsets:
            return
        ends = [TopicPartition(*partition, offset) for partition, offset in offsets.items()]
        try:
            with self._heartbeat.resting():
                self._consumer.commit(offsets=ends, asynchronous=False)
            self._offsets.committed(offsets)
        except KafkaException as error:
            log.warning("commit failed", error=str(error))

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._paused = None  # so that the next balance pauses the new ones too
        for partition, begin in self._unreadable.look_ahead(partitions).items():
            self._pass(partition, begin)

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._reap()
        self._commit()
        self._lost(_consumer, partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for item in partitions:
            partition: Partition = (item.topic, item.partition)
            self._running = {
                future: None if task and task.partition == partition else task for future, task in self._running.items()
            }
            for each in (self._lanes, self._delays, self._resting):
                each.drop(partition)
            self._offsets.forget(partition)

    def _drain(self) -> None:
        deadline = time.monotonic() + self._drain_s
        self._consumer.pause(self._consumer.assignment())
        while self._running and time.monotonic() < deadline:
            self._consumer.poll(0.05)
            self._reap()
        self._commit()
