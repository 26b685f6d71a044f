"""The shell of a consumer that handles records in batches: decode, handle, put aside, commit."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from infra.errors import UnavailableError
from infra.heartbeat import Heartbeat
from infra.kafka import trouble
from infra.kafka.connection import lasting
from infra.kafka.deadletters import Aside
from infra.kafka.delays import Delays
from infra.kafka.leaving import leave
from infra.kafka.offsets import Partition
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw, Received, raw
from infra.kafka.trials import Trial, read
from infra.kafka.unreadable import Unreadable
from infra.telemetry import logs, metrics
from schemas.errors import DecodeError
from schemas.topics import CONSUMERS, NOW, TIERS, retry_topic

log = logs.get("kafka.batches")


class StoppedError(Exception):
    """The consumer was told to stop before the batch in hand was done."""


Handle = Callable[[Sequence[Received]], None]
#: Told the next offset of partitions: all before it was handled, or put aside.
Passed = Callable[[Mapping[Partition, int]], None]


def consumer_config(bootstrap: str, group: str, **more: Any) -> dict[str, Any]:
    """What every consumer of ours has in common: KIP-848 groups, manual commits, from the beginning, checksums."""
    return lasting(bootstrap) | {
        "group.id": group,
        "group.protocol": "consumer",
        # Each topic evenly. The broker's default, uniform, evens out only the sum: a worker gets whole lanes.
        "group.remote.assignor": "range",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "check.crcs": True,
        "queued.max.messages.kbytes": 16_384,
        **more,
    }


def retried(consumer: str, tiers: Mapping[str, float] | None) -> dict[str, float]:
    """The retry topics that a consumer reads, and how many seconds records wait there: of its own tiers where it names
    them, else those that it has."""
    if tiers is None:
        tiers = {NOW: 0.0, **TIERS} if consumer in CONSUMERS else {}
    return {retry_topic(consumer, tier): delay_s for tier, delay_s in tiers.items()}


class BatchConsumer:
    """Consumes `topics` as group `name` and hands `handle` up to `size` decoded records at a time.

    `handle` must be idempotent, and the order of records must not matter to it. When it raises UnavailableError the
    same batch is tried again, with backoff, until it passes or `stop` is called; on any other error each record is
    tried alone and those that fail are put aside: into the retry topics, which it reads too, or into `<name>.dead`.
    Offsets of `topics` are told to `passed` after that, and then committed. `tiers` replaces the delays of the retry
    topics.
    """

    def __init__(
        self, bootstrap: str, name: str, topics: Sequence[str], handle: Handle, producer: EventProducer,
        *, passed: Passed = lambda _: None, size: int = 500, wait_s: float = 0.05,
        tiers: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self._name, self._handle, self._sources = name, handle, frozenset(topics)
        self._passed, self._skipped = passed, dict[Partition, int]()
        self._size, self._wait_s = size, wait_s
        self._aside, self._retries = Aside(producer, name, tiers=tiers), retried(name, tiers)
        self._stop, self._heartbeat = threading.Event(), Heartbeat(name)
        self._delays: Delays[Raw] = Delays()
        self._held: frozenset[Partition] | None = frozenset()
        self._strays: list[Message] = []
        self._consumer = Consumer(consumer_config(bootstrap, name) | {"client.id": name})
        self._unreadable = Unreadable(bootstrap, name, self._consumer, producer)
        self._consumer.subscribe(
            [*topics, *self._retries], on_assign=self._assigned, on_revoke=self._lost, on_lost=self._lost
        )

    def stop(self) -> None:
        """End after the batch in hand. May be called from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> None:
        """Consume until `stop`. Leaves the group on the way out."""
        try:
            with self._heartbeat:
                while not self._stop.is_set():
                    self._step()
        except StoppedError:
            log.info("stopped with a batch in hand")
        finally:
            leave(self._consumer)

    def _step(self) -> None:
        self._heartbeat.beat()
        fresh = [record for message in self._poll() if (record := self._usable(message)) and self._due(record)]
        # What comes back goes first: views that keep the last position of a batch must end at the live one.
        records = [*self._delays.take(time.monotonic(), self._size), *fresh]
        self._resume()
        received = [item for record in records if (item := self._decode(record))]
        if (records or self._skipped) and (not received or self._deliver(received)):
            self._pass(records)

    def _poll(self) -> list[Message]:
        """At least one record if there is any: wait for the first, then take what is there."""
        strays, self._strays = self._strays, []
        first = self._consumer.poll(0.0 if strays else 0.1 if len(self._delays) else 0.5)
        if first is None:
            return strays
        return [*strays, first, *self._consumer.consume(self._size - 1, self._wait_s)]

    def _usable(self, message: Message) -> Raw | None:
        if (error := message.error()) is None:
            return raw(message)
        trouble.note(error, message.topic())
        if skipped := self._unreadable.skip(message):
            self._skipped |= dict([skipped])
        return None

    def _due(self, record: Raw) -> bool:
        """Whether it may be handled now; if not it waits, and its partition with it."""
        if record.topic in self._sources and not len(self._delays):
            return True
        try:
            wait_s = read(record).wait_s(time.time() * 1000, self._retries.get(record.topic, 0.0))
        except DecodeError:
            return True  # found out again, and put aside, when it is decoded
        partition = (record.topic, record.partition)
        if not wait_s and partition not in self._delays.partitions:
            return True
        if partition not in self._delays.partitions:
            self._consumer.pause([TopicPartition(*partition)])
            self._held = None
        self._delays.add(partition, record, time.monotonic() + wait_s)
        return False

    def _resume(self) -> None:
        waiting, held = self._delays.partitions, self._held
        self._held = waiting
        if waiting == held:
            return
        free = [item for item in self._consumer.assignment() if (item.topic, item.partition) not in waiting]
        self._consumer.resume(free)

    def _decode(self, record: Raw) -> tuple[Trial, Received] | None:
        trial = Trial(record=record)
        try:
            trial = read(record)
            envelope = trial.record.decode()
            return trial, Received(raw=trial.record, envelope=envelope, attempt=trial.attempt)
        except DecodeError as error:
            self._put_aside(trial, error)
            return None

    def _deliver(self, items: Sequence[tuple[Trial, Received]]) -> bool:
        """True when the batch is done; False when `stop` came first (nothing is committed then)."""
        self._heartbeat.beat()
        try:
            if self._stop.is_set() or not self._insist(lambda: self._handle([received for _, received in items])):
                return False
        except Exception as error:
            if len(items) > 1:
                return all(self._deliver([item]) for item in items)
            log.exception("record put aside", type=items[0][1].envelope.type)
            self._put_aside(items[0][0], error)
            return True
        for kind, count in Counter(received.envelope.type for _, received in items).items():
            metrics.HANDLED.labels(consumer=self._name, type=kind).inc(count)
        return True

    def _insist(self, step: Callable[[], None]) -> bool:
        """Once, and again while something that it needs is away; False when `stop` came before it worked. Raises what
        else it raises."""
        pause = 0.2
        while True:
            try:
                step()
                return True
            except UnavailableError as error:
                log.warning("waiting", why=str(error), retry_in_s=pause)
            self._idle(pause)
            pause = min(pause * 2, 5.0)
            if self._stop.is_set():
                return False

    def _idle(self, seconds: float) -> None:
        """Wait without leaving the group: a paused consumer still polls."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stop.is_set():
            self._heartbeat.beat()
            self._consumer.pause(self._consumer.assignment())
            # Of a partition that has just been assigned. Without its value a message is false: it counts all the same.
            if (stray := self._consumer.poll(0.1)) is not None:
                self._strays.append(stray)
        self._held = None
        self._resume()

    def _put_aside(self, trial: Trial, error: Exception) -> None:
        while not self._stop.is_set():
            self._heartbeat.beat()
            try:
                return self._aside.put(trial, error).result(30)
            except (UnavailableError, TimeoutError) as unavailable:
                log.warning("waiting", why=str(unavailable))
                self._idle(1)
        # Not put aside, so it must not be committed either: it comes again after the restart.
        raise StoppedError

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._held = None
        self._skipped |= self._unreadable.look_ahead(partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for item in partitions:
            partition = (item.topic, item.partition)
            self._delays.drop(partition)
            self._skipped.pop(partition, None)

    def _pass(self, records: Sequence[Raw]) -> None:
        """Tell and commit up to where the partitions are done; neither where telling fails until `stop`."""
        # Not before what waits in front of it: who is killed now would never read that again.
        ready = self._skipped.keys() - self._delays.partitions
        ends = {partition: self._skipped.pop(partition) for partition in ready}
        for record in records:
            partition = (record.topic, record.partition)
            ends[partition] = max(record.offset + 1, ends.get(partition, 0))
        own = {partition: end for partition, end in ends.items() if partition[0] in self._sources}
        if ends and self._insist(lambda: self._passed(own)):
            self._commit(ends)

    def _commit(self, ends: Mapping[Partition, int]) -> None:
        try:
            offsets = [TopicPartition(*partition, offset) for partition, offset in ends.items()]
            with self._heartbeat.resting():
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            # The records come again; every handler is idempotent.
            log.warning("commit failed", error=str(error))
