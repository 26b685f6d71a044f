"""The relay: carries what has come due from the retry topics of a consumer that cannot wait to the topic it reads.

A Faust stream takes records as they come and cannot hold one back without holding back all. So the waiting is done
here, by a small consumer of the group `<consumer>.retry`, which copies each record into `<consumer>.retry.now` when
it is due, into the partition with the same number: there it meets the state of its key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from infra.ending import vital
from infra.errors import UnavailableError
from infra.heartbeat import Heartbeat
from infra.kafka import trouble
from infra.kafka.batches import consumer_config, retried
from infra.kafka.deadletters import partition_of
from infra.kafka.delays import Delays
from infra.kafka.leaving import leave
from infra.kafka.offsets import Partition
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw, raw
from infra.kafka.trials import read
from infra.kafka.unreadable import Unreadable
from infra.telemetry import logs
from schemas.errors import DecodeError
from schemas.topics import NOW, TIERS, retry_topic

log = logs.get("kafka.relay")


class Relay:
    """Runs in a thread of its own from `start` to `stop`."""

    def __init__(
        self, bootstrap: str, consumer: str, producer: EventProducer, tiers: Mapping[str, float] = TIERS
    ) -> None:
        group = f"{consumer}.retry"
        self._target, self._producer = retry_topic(consumer, NOW), producer
        self._stop, self._heartbeat = threading.Event(), Heartbeat(group)
        self._delays: Delays[Raw] = Delays()
        self._paused: frozenset[Partition] | None = frozenset()
        self._skipped: dict[Partition, int] = {}
        self._consumer = Consumer(
            consumer_config(bootstrap, group) | {"client.id": group, "queued.max.messages.kbytes": 1024}
        )
        self._unreadable = Unreadable(bootstrap, consumer, self._consumer, producer)
        self._retries = retried(consumer, tiers)
        self._consumer.subscribe([*self._retries], on_assign=self._assigned, on_revoke=self._lost, on_lost=self._lost)
        self._thread = vital(self._run, group)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """End, and leave the group."""
        self._stop.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            with self._heartbeat:
                while not self._stop.is_set():
                    self._heartbeat.beat()
                    self._admit()
                    self._carry()
                    self._balance()
        finally:
            leave(self._consumer)

    def _admit(self) -> None:
        message = self._consumer.poll(0.1)
        if message is None:
            return
        if error := message.error():
            trouble.note(error, message.topic())
            if skipped := self._unreadable.skip(message):
                self._skipped |= dict([skipped])
            return
        record = raw(message)
        self._delays.add((record.topic, record.partition), record, time.monotonic() + self._wait_s(record))

    def _wait_s(self, record: Raw) -> float:
        try:
            return read(record).wait_s(time.time() * 1000, self._retries[record.topic])
        except DecodeError:
            return 0.0  # whoever reads it puts it aside

    def _carry(self) -> None:
        due = self._delays.take(time.monotonic())
        # What cannot be read is passed when nothing waits in front of it.
        ready = self._skipped.keys() - self._delays.partitions
        skipped = {partition: self._skipped.pop(partition) for partition in ready}
        sent: dict[Partition, int] = {}
        for record in due:
            if not self._copied(record):
                break
            sent[record.topic, record.partition] = record.offset + 1
        else:
            sent |= {partition: max(end, sent.get(partition, 0)) for partition, end in skipped.items()}
        if sent:
            self._commit(sent)

    def _copied(self, record: Raw) -> bool:
        """Copy until the broker has it; False when the end came first."""
        partition = partition_of(self._target, record.partition)
        headers = [(name, value or b"") for name, value in record.headers]
        while not self._stop.is_set():
            self._heartbeat.beat()
            try:
                self._producer.send_raw(
                    self._target, record.key, record.value, headers, partition=partition
                ).result(30)  # fmt: skip
                return True
            except (UnavailableError, TimeoutError) as error:
                log.warning("waiting", why=str(error))
                self._stop.wait(1)
        return False

    def _balance(self) -> None:
        waiting = self._delays.partitions
        if waiting == self._paused:
            return
        self._paused = waiting
        assigned = self._consumer.assignment()
        held = [item for item in assigned if (item.topic, item.partition) in waiting]
        self._consumer.pause(held)
        self._consumer.resume([item for item in assigned if item not in held])

    def _commit(self, ends: Mapping[Partition, int]) -> None:
        try:
            offsets = [TopicPartition(*partition, offset) for partition, offset in ends.items()]
            with self._heartbeat.resting():
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:  # copied again, and recognised as a repetition
            log.warning("commit failed", error=str(error))

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._paused = None  # a pause outlives an assignment: the next balance lets go of it
        self._skipped |= self._unreadable.look_ahead(partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for item in partitions:
            partition = (item.topic, item.partition)
            self._delays.drop(partition)
            self._skipped.pop(partition, None)
