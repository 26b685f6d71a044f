"""Batches that a client cannot read: bad checksum, broken or unknown compression. Recorded, then skipped.

librdkafka reports such a batch and then reads it again for ever, or reads its middle as if it were a header and
starts the partition anew. So the reader looks at the batch's header itself, which says where the next one begins.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from infra.errors import SwipestreamError, UnavailableError
from infra.kafka import deadletters
from infra.kafka.beginnings import beginnings, left
from infra.kafka.deadletters import partition_of
from infra.kafka.lookahead import CODES, Ahead, Batch, UnreadableBatchError, batch_end, look
from infra.kafka.offsets import Partition
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw
from infra.kafka.trials import begun
from infra.telemetry import logs, metrics
from schemas.topics import NOW, retry_topic, retry_topics

log = logs.get("kafka.unreadable")

#: Seconds for looking ahead in all that is assigned at once. Nothing is polled meanwhile: the watchdog and the group
#: wait a few minutes.
LIMIT_S = 60.0


def bury(producer: EventProducer, consumer: str, partition: Partition, start: int, end: int, why: str) -> None:
    """Record the offsets `start` to `end - 1` as one dead letter without a value. Raises UnavailableError."""
    metrics.UNREADABLE.labels(consumer=consumer).inc()
    error = UnreadableBatchError(f"offsets {start} to {end - 1}: {why}")
    record = Raw(
        topic=partition[0], partition=partition[1], offset=start, timestamp_ms=0, key=None, value=None, headers=()
    )
    try:
        deadletters.send(producer, consumer, record, error).result(30)
    except FutureTimeoutError as late:
        raise UnavailableError("Kafka did not take a dead letter.") from late


class Unreadable:
    """Skips what `consumer` cannot read, and records it for the group `name`."""

    def __init__(self, bootstrap: str, name: str, consumer: Consumer, producer: EventProducer) -> None:
        self._bootstrap, self._name, self._consumer, self._producer = bootstrap, name, consumer, producer
        self._ends: dict[Partition, int] = {}

    def look_ahead(self, partitions: Sequence[TopicPartition]) -> Mapping[Partition, int]:
        """To be called when partitions are assigned: those with a broken batch ahead begin behind it.

        The records before it go through the retry topic without a delay, as if they had been sent back. Where these
        partitions begin is returned, to be committed.
        """
        for item in partitions:  # whoever had them meanwhile, they may be read from further back
            self._ends.pop((item.topic, item.partition), None)
        if not retry_topics(self._name):
            return {}
        until = time.monotonic() + LIMIT_S
        try:
            begin = beginnings(self._consumer, partitions, until)
            ahead = look(self._bootstrap, begin.starts, left(until)) if begin.starts else Ahead({}, {})
        except (SwipestreamError, KafkaException) as error:
            log.warning("not looked ahead", why=str(error))
            return {}
        unseen = begin.unknown | ahead.unseen
        moved: dict[Partition, int] = {}
        for partition, found in ahead.broken.items():
            try:
                left(until)
                moved[partition] = self._pass(partition, begin.starts[partition], found)
            except (SwipestreamError, FutureTimeoutError) as error:
                unseen[partition] = str(error)
        for (topic, number), why in unseen.items():
            log.warning("not looked ahead", topic=topic, partition=number, why=why)
        return moved if self._begins(partitions, moved) else {}

    def _begins(self, partitions: Sequence[TopicPartition], moved: Mapping[Partition, int]) -> bool:
        """Whether those partitions begin where they were moved to."""
        if not moved:
            return False
        others = [item for item in partitions if (item.topic, item.partition) not in moved]
        behind = [TopicPartition(*partition, offset) for partition, offset in moved.items()]
        try:
            self._consumer.incremental_assign([*behind, *others])
        except KafkaException as error:  # no longer ours
            log.info("not moved", why=str(error))
            return False
        return True

    def _pass(self, partition: Partition, start: int, found: Sequence[Batch]) -> int:
        sent = []
        for batch in found:
            try:
                sent += [self._forward(record) for record in batch.records(partition, start)]
            except UnreadableBatchError as error:
                bury(self._producer, self._name, partition, batch.start, batch.end, str(error))
        for each in sent:
            each.result(30)
        self._ends[partition] = found[-1].end
        return found[-1].end

    def _forward(self, record: Raw) -> Future[None]:
        """Into the retry topic; for every part of the consumer, since none has seen it."""
        topic = retry_topic(self._name, NOW)
        headers = (
            begun(record).headers()
            if record.topic != topic
            else [(name, value or b"") for name, value in record.headers]
        )
        return self._producer.send_raw(
            topic, record.key, record.value, headers, partition=partition_of(topic, record.partition)
        )

    def skip(self, message: Message) -> tuple[Partition, int] | None:
        """The partition and its next offset where the message tells of such a batch, else None.

        None too when Kafka is away meanwhile: the client will tell again.
        """
        error, offset = message.error(), message.offset()
        partition: Partition = (message.topic() or "", message.partition() or 0)
        if error is None or error.code() not in CODES or offset is None or not self._exists(partition, offset):
            return None
        known = self._ends.get(partition, 0)
        if offset < known:  # told twice
            return self._seek(partition, known)
        try:
            end = batch_end(self._bootstrap, partition, offset)
            bury(self._producer, self._name, partition, offset, end, error.str())
        except UnavailableError as away:
            log.warning("not skipped yet", why=str(away))
            self._seek(partition, offset)
            return None
        self._ends[partition] = end
        return self._seek(partition, end)

    def _exists(self, partition: Partition, offset: int) -> bool:
        """What comes after the first broken batch may be noise, and its offset any number."""
        try:
            found = self._consumer.get_watermark_offsets(TopicPartition(*partition), timeout=5, cached=False)
        except KafkaException:
            return False
        return found is not None and found[0] <= offset < found[1]

    def _seek(self, partition: Partition, offset: int) -> tuple[Partition, int]:
        try:
            self._consumer.seek(TopicPartition(*partition, offset))
        except KafkaException as error:  # no longer ours
            log.info("not skipped", why=str(error))
        return partition, offset
