"""The tail against a real Kafka: order, bad records, a broker that goes away, topics that are made anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.kafka.tail import SKIPPED, Tail
from infra.stack import Stack
from query_api.gateway.journal import DURABLE, TOPICS
from schemas.envelope import root
from tests.integration.tail_kit import collect, send, titles
from tests.unit.gateway_kit import published

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def kafka(stack: Stack) -> str:
    apply_topics(stack.kafka)
    return stack.kafka


@pytest.fixture
def producer(kafka: str) -> Iterator[EventProducer]:
    producer = EventProducer(kafka, "tail-test")
    yield producer
    producer.close()


async def test_from_the_end_only_what_comes_after_is_read(kafka: str, producer: EventProducer) -> None:
    send(producer, range(1000, 1005))
    async with Tail(kafka, TOPICS) as tail:
        first = await collect(tail, 0)
        assert titles(first) == []
        assert tail.up
        send(producer, range(2000, 2020))
        assert sorted(titles(await collect(tail, 20))) == sorted(f"Video {number}" for number in range(2000, 2020))


async def test_history_and_positions_begin_where_they_say(kafka: str, producer: EventProducer) -> None:
    send(producer, range(3000, 3040))
    async with Tail(kafka, [DURABLE], history=5) as tail:
        batches = await collect(tail, 20)
    start = {number: at for (_, number), at in batches[0].positions.items()}
    read = [record for batch in batches for record in batch.records]
    assert batches[0].records == []
    for partition in start:
        offsets = [record.offset for record in read if record.partition == partition]
        assert offsets == list(range(start[partition], start[partition] + len(offsets)))
    async with Tail(kafka, [DURABLE], start=batches[0].positions) as again:
        assert titles(await collect(again, len(read))) == titles(batches) or sorted(titles(batches))


async def test_what_cannot_be_read_is_counted_and_skipped(kafka: str, producer: EventProducer) -> None:
    counted = SKIPPED.labels(reason="MissingHeaderError")._value.get()
    async with Tail(kafka, TOPICS) as tail:
        await collect(tail, 0)
        for value in (b"no json", b"{}", b"\x00" * 900_000):
            producer.send_raw(DURABLE, b"key", value, []).result(10)
        producer.send_raw(DURABLE, None, b"{}", []).result(10)
        send(producer, range(4000, 4001))
        assert titles(await collect(tail, 1)) == ["Video 4000"]
    assert SKIPPED.labels(reason="MissingHeaderError")._value.get() >= counted


async def test_a_record_is_handed_over_within_milliseconds(kafka: str, producer: EventProducer) -> None:
    took = []
    async with Tail(kafka, TOPICS) as tail:
        await collect(tail, 0)
        for number in range(5000, 5010):
            started = time.monotonic()
            producer.send(root(published(number), source="test"))
            await collect(tail, 1)
            took.append(time.monotonic() - started)
    assert sorted(took)[len(took) // 2] < 0.25


async def test_a_reader_that_stands_still_holds_a_bounded_number_of_batches(
    kafka: str, producer: EventProducer
) -> None:
    async with Tail(kafka, TOPICS) as tail:
        await collect(tail, 0)
        for first in range(10_000, 15_000, 500):
            await asyncio.to_thread(send, producer, range(first, first + 500))
        await asyncio.sleep(0.5)
        assert tail._batches.qsize() <= 4
        assert len(titles(await collect(tail, 5000))) == 5000
