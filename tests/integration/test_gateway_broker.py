"""A broker that goes away, comes late, or forgets a topic: the tail and the gateway go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.kafka.tail import Tail
from query_api import gateway
from query_api.gateway.journal import DURABLE, TOPICS
from tests.integration import gateway_kit
from tests.integration.gateway_broker import Broker, broker
from tests.integration.tail_kit import collect, send, titles
from tests.unit.gateway_kit import vid

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as own:
        yield own


@pytest.fixture
def producer(own: Broker) -> Iterator[EventProducer]:
    producer = EventProducer(own.address, "broker-test")
    yield producer
    producer.close()


async def test_after_a_broker_was_away_reading_goes_on_without_a_gap(
    own: Broker, producer: EventProducer, tmp_path: Path
) -> None:
    async with (
        Tail(own.address, TOPICS) as tail,
        gateway.start(gateway_kit.settings(own.address, tmp_path)) as node,
    ):
        await gateway_kit.live(node)
        client = await gateway_kit.dial(node)
        await collect(tail, 0)
        send(producer, range(10))
        before = await collect(tail, 10)
        own.stop()
        await client.until("beat", live=False)
        assert not tail.up
        await asyncio.sleep(4)
        own.start()  # not in a thread: the broker ends with the thread that starts it
        await asyncio.to_thread(send, producer, range(10, 20))
        after = await collect(tail, 10)
        await client.until("video", 20)
        await client.until("beat", live=True)
    assert sorted(titles(before)) == sorted(f"Video {number}" for number in range(10))
    assert sorted(titles(after)) == sorted(f"Video {number}" for number in range(10, 20))
    assert not any(batch.broken for batch in after)
    assert sorted(frame["video_id"] for frame in client.of("video")) == sorted(vid(number) for number in range(20))
    assert not client.of("resync")


async def test_a_tail_that_is_started_first_waits_for_the_broker(own: Broker) -> None:
    own.stop()
    async with Tail(own.address, TOPICS) as tail:
        await asyncio.sleep(1)
        assert not tail.up
        own.start()  # not in a thread: the broker ends with the thread that starts it
        await collect(tail, 0)
        assert tail.up


async def test_a_topic_that_is_made_anew_is_noticed_and_clients_start_afresh(
    own: Broker, producer: EventProducer, tmp_path: Path
) -> None:
    async with (
        Tail(own.address, TOPICS) as tail,
        gateway.start(gateway_kit.settings(own.address, tmp_path)) as node,
    ):
        await gateway_kit.live(node)
        client = await gateway_kit.dial(node)
        before = await collect(tail, 0)
        admin = AdminClient({"bootstrap.servers": own.address})
        admin.delete_topics([DURABLE])[DURABLE].result(10)
        await asyncio.sleep(1)
        apply_topics(own.address)
        await asyncio.to_thread(send, producer, range(30, 40))
        after = await collect(tail, 10, 60)
        await client.until("resync", reason="log")
        await asyncio.to_thread(send, producer, range(40, 41))
        await client.until("video", video_id=vid(40))
    afresh = max(number for number, batch in enumerate(after) if batch.broken)
    assert after[-1].incarnation.name != before[-1].incarnation.name
    assert sorted(titles(after[afresh:])) == sorted(f"Video {number}" for number in range(30, 40))
