"""A record as it was read: whatever other clients wrote, reading it raises nothing."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition as AioPartition

from infra.kafka.records import raw
from schemas.errors import MissingHeaderError
from tests.unit.kafka_kit import first

TOPIC, OTHER = "swipes", "prompts"


def batch(name: bytes) -> bytes:
    """One record with a header of that name. Builders insist on text, so it is put in afterwards."""
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, 0, 10_000)
    builder.append(0, timestamp=1, key=b"anna", value=b"{}", headers=[("x" * len(name), b"1")])
    data = bytearray(bytes(builder.build()).replace(b"x" * len(name), name))
    data[17:21] = calc_crc32c(bytes(data[21:])).to_bytes(4, "big")
    return bytes(data)


async def append(bootstrap: str, data: bytes, topic: str = TOPIC) -> None:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.set_topics([topic])
        leader = client.cluster.leader_for_partition(AioPartition(topic, 0))
        await client.send(leader, ProduceRequest(None, -1, 5_000, [(topic, [(0, data)])]))
    finally:
        await client.close()


def test_a_header_whose_name_is_no_text_makes_a_record_that_cannot_be_decoded_and_no_consumer_end(
    bootstrap: str,
) -> None:
    # Given a process that has read many records: by now Python calls the client without looking at what it says
    asyncio.run(append(bootstrap, batch(b"name")))
    good = first(bootstrap, TOPIC)
    assert all(raw(good).headers == (("name", b"1"),) for _ in range(1_000))
    # And a record of a client for which names are bytes
    asyncio.run(append(bootstrap, batch(b"\xff\xfe\xfd\xfc\xfb"), OTHER))
    # When it is read
    record = raw(first(bootstrap, OTHER))
    # Then its bytes are there for the dead letters
    assert (record.key, record.value) == (b"anna", b"{}")
    with pytest.raises(MissingHeaderError):
        record.decode()
