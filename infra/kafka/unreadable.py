"""Batches that a client cannot read: bad checksum, broken or unknown compression. Recorded, then skipped.

librdkafka reports such a batch and then reads it again for ever, or reads its middle as if it were a header and
starts the partition anew. So the reader looks at the batch's header itself, which says where the next one begins.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import TimeoutError as FutureTimeoutError

from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import FetchRequest
from aiokafka.errors import KafkaError as AioError
from aiokafka.structs import TopicPartition as AioPartition
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from infra.errors import SwipestreamError, UnavailableError
from infra.kafka import deadletters
from infra.kafka.offsets import Partition
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw
from infra.telemetry import logs, metrics

log = logs.get("kafka.unreadable")

_CODES = frozenset({KafkaError._BAD_MSG, KafkaError._BAD_COMPRESSION, KafkaError._NOT_IMPLEMENTED})
#: Of a batch's header: where it starts, how far it reaches (record batch, magic 2).
_BASE, _LAST_DELTA = slice(0, 8), slice(23, 27)
_MAGIC = 16


class UnreadableBatchError(SwipestreamError):
    """The client could not read a batch of records."""


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

    def skip(self, message: Message) -> tuple[Partition, int] | None:
        """The partition and its next offset where the message tells of such a batch, else None.

        None too when Kafka is away meanwhile: the client will tell again.
        """
        error, offset = message.error(), message.offset()
        partition: Partition = (message.topic() or "", message.partition() or 0)
        if error is None or error.code() not in _CODES or offset is None or not self._exists(partition, offset):
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


def batch_end(bootstrap: str, partition: Partition, offset: int, timeout: float = 10.0) -> int:
    """The offset after the batch that holds `offset`. Raises UnavailableError."""
    try:
        return end_of(asyncio.run(asyncio.wait_for(_fetch(bootstrap, partition, offset), timeout)), offset)
    except (AioError, OSError) as error:
        raise UnavailableError(f"Kafka did not show the batch at {partition[0]}/{partition[1]}/{offset}.") from error


async def _fetch(bootstrap: str, partition: Partition, offset: int) -> bytes:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.set_topics([partition[0]])
        leader = client.cluster.leader_for_partition(AioPartition(*partition))
        if leader is None:
            raise UnavailableError(f"{partition[0]}/{partition[1]} has no leader.")
        asked = [(partition[0], [(partition[1], offset, 1 << 20)])]
        answer = await client.send(leader, FetchRequest(500, 1, 1 << 20, 0, asked, rack_id=""))
        return bytes(answer.topics[0][1][0][-1])
    finally:
        await client.close()


def end_of(batch: bytes, offset: int) -> int:
    """The offset after the batch that `batch` begins with; one further than `offset` where its header is broken too."""
    if len(batch) < _LAST_DELTA.stop or batch[_MAGIC] != 2:
        return offset + 1
    base, delta = (int.from_bytes(batch[part], "big", signed=True) for part in (_BASE, _LAST_DELTA))
    return base + delta + 1 if base <= offset <= base + delta else offset + 1
