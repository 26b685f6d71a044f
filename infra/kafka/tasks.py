"""The shell of a worker with long tasks: one thread polls, work runs elsewhere, offsets are committed gap-free.

Partitions are paused while enough waits, so polling never stops and the group never loses a busy worker. A crash
redelivers what was not committed; since finished artefacts are found by their hash, redelivery costs next to nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from confluent_kafka import Consumer, KafkaException, TopicPartition

from infra.errors import UnavailableError
from infra.kafka import deadletters
from infra.kafka.batches import consumer_config
from infra.kafka.lanes import Lanes
from infra.kafka.offsets import GapFreeOffsets, Partition
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw, Received, raw
from infra.telemetry import logs, metrics
from schemas import base
from schemas.envelope import Envelope
from schemas.errors import DecodeError

log = logs.get("kafka.tasks")

#: What a task leads to: events or further tasks, each for its own topic (None: the family's).
Effects = Sequence[tuple[Envelope[base.Message], str | None]]
Work = Callable[[Received], Effects]
#: What to publish about a task that failed for good.
OnFailure = Callable[[Received, Exception], Effects]

COMMIT_EVERY_S = 0.5


class TaskConsumer:
    """Runs `work` for each record of `topics` (most urgent first), `concurrency` at a time.

    `work` must be idempotent and returns effects, which are published and acknowledged before the task counts as
    done. A task that raises goes to `<name>.dead`. `stop` lets what is running finish, for `drain_s` at most.
    """

    def __init__(
        self, bootstrap: str, name: str, topics: Sequence[str], work: Work, producer: EventProducer,
        *, on_failure: OnFailure | None = None, concurrency: int = 1, drain_s: float = 7.0,
    ) -> None:  # fmt: skip
        self._on_failure = on_failure or (lambda _received, _error: [])
        self._name, self._work, self._producer, self._drain_s = name, work, producer, drain_s
        self._lanes: Lanes[Raw] = Lanes(topics)
        self._offsets = GapFreeOffsets()
        self._running: dict[Future[None], Raw] = {}
        self._concurrency = concurrency
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=name)
        self._stop = threading.Event()
        self._committed_at = 0.0
        self._consumer = Consumer(
            consumer_config(bootstrap, name)
            | {"client.id": name, "queued.min.messages": 1, "queued.max.messages.kbytes": 4096}
        )
        self._paused: set[str] = set()
        self._consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)
        self._topics = list(topics)

    def stop(self) -> None:
        """End after the tasks in hand. May be called from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> None:
        """Consume until `stop`. Commits what is done and leaves the group on the way out."""
        try:
            while not self._stop.is_set():
                self._step()
            self._drain()
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._consumer.close()

    def _step(self) -> None:
        self._admit(0.02 if self._running else 0.2)
        self._reap()
        self._fill()
        self._balance()
        if time.monotonic() - self._committed_at > COMMIT_EVERY_S:
            self._commit()

    def _admit(self, timeout: float) -> None:
        message = self._consumer.poll(timeout)
        if message is None:
            return
        if error := message.error():
            log.warning("kafka", error=error.str(), topic=message.topic())
            return
        record = raw(message)
        partition = (record.topic, record.partition)
        self._offsets.start(partition, record.offset)
        self._lanes.add(partition, record, time.monotonic())

    def _fill(self) -> None:
        while len(self._running) < self._concurrency and (record := self._lanes.take(time.monotonic())):
            self._running[self._pool.submit(self._do, record)] = record
        metrics.IN_HAND.labels(consumer=self._name).set(len(self._running))

    def _reap(self) -> None:
        for future in [future for future in self._running if future.done()]:
            record = self._running.pop(future)
            if future.exception() is None:
                self._offsets.finish((record.topic, record.partition), record.offset)
            else:  # something it needs is away: it stays in hand and is tried again, here or after a restart
                log.warning("put back", topic=record.topic, offset=record.offset, why=str(future.exception()))
                self._lanes.add((record.topic, record.partition), record, time.monotonic())

    def _balance(self) -> None:
        """Pause a lane that has enough waiting; resume it when it has not."""
        enough = {topic for topic in self._topics if self._lanes.waiting(topic) >= self._concurrency}
        if enough == self._paused:
            return
        assigned = self._consumer.assignment()
        self._consumer.pause([item for item in assigned if item.topic in enough - self._paused])
        self._consumer.resume([item for item in assigned if item.topic in self._paused - enough])
        self._paused = enough

    def _do(self, record: Raw) -> None:
        try:
            received = Received(raw=record, envelope=record.decode())
        except DecodeError as error:
            return self._bury(record, error)
        try:
            with metrics.TASK_SECONDS.labels(consumer=self._name).time():
                effects = self._work(received)
        except UnavailableError:
            raise
        except Exception as error:
            log.exception("task failed", topic=record.topic, offset=record.offset)
            failure = self._on_failure(received, error)
            self._insist(lambda: self._producer.publish_all(failure))
            return self._bury(record, error)
        self._insist(lambda: self._producer.publish_all(effects))
        metrics.HANDLED.labels(consumer=self._name, type=received.envelope.type).inc()

    def _bury(self, record: Raw, error: Exception) -> None:
        self._insist(lambda: deadletters.send(self._producer, self._name, record, error).result(30))

    def _insist(self, publish: Callable[[], None]) -> None:
        """Publish until the broker has it or the worker stops. The result of a long task is not thrown away."""
        while True:
            try:
                return publish()
            except (UnavailableError, TimeoutError) as error:
                if self._stop.is_set():
                    raise UnavailableError(str(error)) from error
                log.warning("waiting", why=str(error))
                self._stop.wait(1)

    def _commit(self) -> None:
        self._committed_at = time.monotonic()
        offsets = self._offsets.committable()
        if not offsets:
            return
        try:
            self._consumer.commit(
                offsets=[TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()],
                asynchronous=False,
            )
            self._offsets.committed(offsets)
        except KafkaException as error:
            log.warning("commit failed", error=str(error))

    def _assigned(self, _consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self._paused = set()  # so that the next balance pauses the new ones too

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._reap()
        self._commit()
        self._lost(_consumer, partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for item in partitions:
            partition: Partition = (item.topic, item.partition)
            self._lanes.drop(partition)
            self._offsets.forget(partition)

    def _drain(self) -> None:
        deadline = time.monotonic() + self._drain_s
        self._consumer.pause(self._consumer.assignment())
        while self._running and time.monotonic() < deadline:
            self._consumer.poll(0.05)
            self._reap()
        self._commit()
