"""Looking ahead: what a consumer is about to read is checked before librdkafka sees it.

At a batch with a wrong checksum librdkafka 2.16 goes on in the middle of it as if a header began there. Mostly it
tells an error then; for some bytes it aborts the process (`rd_slice_narrow_copy`), and would again after each restart.
It never reads further ahead of what was committed than `WINDOW` bytes. So this much is looked at when a partition is
assigned: a broken batch ends a process at most once, and nothing if it was there before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import FetchRequest
from aiokafka.errors import KafkaError as AioError
from aiokafka.errors import NoError, for_code
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition as AioPartition
from confluent_kafka import KafkaError

from infra.errors import SwipestreamError, UnavailableError
from infra.kafka.connection import aio
from infra.kafka.offsets import Partition
from infra.kafka.records import Raw

WINDOW = 32 << 20
_FETCH = 1 << 20
#: Of a record batch's header (magic 2): base offset, length, magic, checksum, what it covers, the last offset's delta.
_BASE, _LENGTH, _MAGIC, _CRC, _COVERED, _LAST_DELTA = slice(0, 8), slice(8, 12), 16, slice(17, 21), 21, slice(23, 27)
_PREFIX = 12
#: Seconds for one partition's window.
_PARTITION_S = 10.0
#: How the client says that it cannot read a batch.
CODES = frozenset({KafkaError._BAD_MSG, KafkaError._BAD_COMPRESSION, KafkaError._NOT_IMPLEMENTED})


class UnreadableBatchError(SwipestreamError):
    """A batch of records cannot be read."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it stands in the log: its offsets, whether its checksum is right, its bytes."""

    start: int
    end: int
    sound: bool
    data: bytes

    def records(self, partition: Partition, offset: int) -> list[Raw]:
        """Its records from `offset` on. Raises UnreadableBatchError."""
        if not self.sound:
            raise UnreadableBatchError("the checksum is wrong")
        try:
            return [_raw(partition, record) for record in self._unpacked() if record.offset >= offset]
        except Exception as error:  # whatever it is, the next one may be right
            raise UnreadableBatchError(repr(error)) from error

    def _unpacked(self) -> Iterable[Any]:
        records = MemoryRecords(self.data)
        return cast(Iterable[Any], records.next_batch()) if records.has_next() else ()


def _raw(partition: Partition, record: Any) -> Raw:
    return Raw(
        topic=partition[0], partition=partition[1], offset=record.offset, timestamp_ms=record.timestamp,
        key=record.key, value=record.value, headers=tuple(record.headers),
    )  # fmt: skip


def batches(data: bytes) -> Iterator[Batch]:
    """The whole batches at the beginning of `data`; ends where no header is."""
    at = 0
    while len(data) - at >= _LAST_DELTA.stop:
        head = data[at : at + _LAST_DELTA.stop]
        size = _PREFIX + _number(head[_LENGTH])
        if head[_MAGIC] != 2 or size <= _LAST_DELTA.stop or at + size > len(data):
            return
        whole = data[at : at + size]
        base = _number(head[_BASE])
        sound = _number(head[_CRC], signed=False) == calc_crc32c(whole[_COVERED:])
        yield Batch(base, base + _number(head[_LAST_DELTA]) + 1, sound, whole)
        at += size


def _number(data: bytes, *, signed: bool = True) -> int:
    return int.from_bytes(data, "big", signed=signed)


@dataclass(frozen=True, slots=True)
class Ahead:
    """`broken`: where something is broken within the window, all batches from the start to the last broken one, both
    included. `unseen`: why a partition could not be looked at."""

    broken: dict[Partition, list[Batch]]
    unseen: dict[Partition, str]


def look(bootstrap: str, starts: Mapping[Partition, int], timeout: float = 30.0) -> Ahead:
    """Look at each partition from where it will be read; takes about `timeout` seconds at most.

    Raises UnavailableError where no broker answers at all.
    """
    try:
        return asyncio.run(_look(bootstrap, starts, timeout))
    except (AioError, OSError) as error:
        raise UnavailableError(f"Kafka did not show what is to be read: {error!r}") from error


async def _look(bootstrap: str, starts: Mapping[Partition, int], timeout: float) -> Ahead:
    until = asyncio.get_running_loop().time() + timeout
    ahead = Ahead({}, dict.fromkeys(starts, "there was no time left"))
    client = AIOKafkaClient(**aio(bootstrap))
    try:
        async with asyncio.timeout_at(until):
            await client.bootstrap()
            await client.set_topics([topic for topic, _ in starts])
        # One after the other, and let go of where all is sound: a window is large, and partitions are many.
        for partition, offset in starts.items():
            await _note(ahead, client, partition, offset, until)
    finally:
        await client.close()
    return ahead


async def _note(ahead: Ahead, client: AIOKafkaClient, partition: Partition, offset: int, until: float) -> None:
    """One partition: a broker that does not answer for it keeps nobody from looking at the others."""
    try:
        async with asyncio.timeout_at(min(until, asyncio.get_running_loop().time() + _PARTITION_S)):
            upto = _upto_last_broken(await _window(client, partition, offset))
    except (AioError, OSError, UnavailableError) as error:
        ahead.unseen[partition] = str(error) or "no answer in time"
        return
    del ahead.unseen[partition]
    if upto:
        ahead.broken[partition] = upto


async def _window(client: AIOKafkaClient, partition: Partition, offset: int) -> list[Batch]:
    seen: list[Batch] = []
    while sum(len(batch.data) for batch in seen) < WINDOW:
        more = list(batches(await fetch(client, partition, offset)))
        if not more:
            break
        seen += more
        offset = more[-1].end
    return seen


async def fetch(client: AIOKafkaClient, partition: Partition, offset: int) -> bytes:
    """The bytes of the log from the batch that holds `offset` on; none at its end. Raises UnavailableError."""
    leader = client.cluster.leader_for_partition(AioPartition(*partition))
    if leader is None:
        raise UnavailableError(f"{partition[0]}/{partition[1]} has no leader.")
    asked = [(partition[0], [(partition[1], offset, _FETCH)])]
    answer = await client.send(leader, FetchRequest(10, 1, _FETCH, 0, asked, rack_id=""))
    part = answer.topics[0][1][0]
    if (error := for_code(part[1])) is not NoError:
        raise UnavailableError(f"{partition[0]}/{partition[1]} cannot be read at {offset}: {error.__name__}.")
    return bytes(part[-1] or b"")


def _upto_last_broken(window: Iterable[Batch]) -> list[Batch]:
    upto = list(window)
    while upto and upto[-1].sound:
        upto.pop()
    return upto


def batch_end(bootstrap: str, partition: Partition, offset: int, timeout: float = 10.0) -> int:
    """The offset after the batch that holds `offset`. Raises UnavailableError."""
    try:
        return end_of(asyncio.run(asyncio.wait_for(_fetch(bootstrap, partition, offset), timeout)), offset)
    except (AioError, OSError) as error:
        raise UnavailableError(f"Kafka did not show the batch at {partition[0]}/{partition[1]}/{offset}.") from error


async def _fetch(bootstrap: str, partition: Partition, offset: int) -> bytes:
    client = AIOKafkaClient(**aio(bootstrap))
    await client.bootstrap()
    try:
        await client.set_topics([partition[0]])
        return await fetch(client, partition, offset)
    finally:
        await client.close()


def end_of(batch: bytes, offset: int) -> int:
    """The offset after the batch that `batch` begins with; one further than `offset` where its header is broken too."""
    if len(batch) < _LAST_DELTA.stop or batch[_MAGIC] != 2:
        return offset + 1
    base, delta = (int.from_bytes(batch[part], "big", signed=True) for part in (_BASE, _LAST_DELTA))
    return base + delta + 1 if base <= offset <= base + delta else offset + 1
