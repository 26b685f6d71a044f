"""The gateway against a real Kafka: what is published arrives at a websocket."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.stack import Stack
from query_api import gateway
from query_api.gateway import Gateway
from schemas.base import Message
from schemas.envelope import root
from schemas.videos import Stage
from tests.integration.gateway_kit import dial, live, send, settings
from tests.unit.gateway_kit import VIEWER, accepted, failed, published, rendering, vid

pytestmark = pytest.mark.timeout(240)

#: The log may be one that is kept: every run has videos of its own, numbered from here.
N = random.randrange(10**9)


@pytest.fixture
def producer(stack: Stack) -> Iterator[EventProducer]:
    apply_topics(stack.kafka)
    producer = EventProducer(stack.kafka, "gateway-test")
    yield producer
    producer.close()


@pytest.fixture
async def node(stack: Stack, producer: EventProducer, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway.start(settings(stack.kafka, tmp_path)) as node:
        await live(node)
        yield node


async def test_a_published_video_arrives_as_a_card(node: Gateway, producer: EventProducer) -> None:
    client = await dial(node, "somebody")
    await asyncio.to_thread(send, producer, published(N + 1, viewer=VIEWER))
    frame = (await client.until("video", video_id=vid(N + 1)))[0]
    assert frame["card"]["title"] == f"Video {N + 1}"
    assert frame["card"]["media"]["video"].endswith(".mp4")
    assert frame["audience"] == "everyone"
    assert frame["token"]


async def test_progress_and_failure_of_a_watched_video_arrive_in_stages(node: Gateway, producer: EventProducer) -> None:
    number = N + 2
    client = await dial(node, videos=[vid(number)])
    script = rendering(number, 1.0, scene=None, stage=Stage.SCRIPT)
    steps: list[Message] = [accepted(number), script, rendering(number, 0.4), rendering(number, 0.9, scene=2)]
    for step in steps:
        await asyncio.to_thread(send, producer, step)
        await asyncio.sleep(0.15)
    await asyncio.to_thread(send, producer, failed(number))
    await client.until("failed", video_id=vid(number))
    fractions = [frame["fraction"] for frame in client.of("progress", video_id=vid(number))]
    assert len(fractions) == 4
    assert fractions == sorted(fractions)


async def test_a_push_takes_milliseconds_from_the_append(node: Gateway, producer: EventProducer) -> None:
    client, took = await dial(node), []
    for number in range(N + 100, N + 120):
        started = time.monotonic()
        producer.send(root(published(number), source="test"))
        await client.until("video", video_id=vid(number))
        took.append(time.monotonic() - started)
    assert sorted(took)[10] < 0.2


async def test_a_client_resumes_on_another_node_without_gap_or_duplicate(
    stack: Stack, producer: EventProducer, tmp_path: Path
) -> None:
    async with gateway.start(settings(stack.kafka, tmp_path)) as one:
        await live(one)
        first = await dial(one)
        await asyncio.to_thread(send, producer, *[published(number) for number in range(N + 200, N + 210)])
        await first.until("video", 10)
        token = first.token
    await asyncio.to_thread(send, producer, *[published(number) for number in range(N + 210, N + 220)])
    async with gateway.start(settings(stack.kafka, tmp_path)) as other:
        await live(other)
        second = await dial(other, resume=token)
        assert second.of("welcome")[0]["resumed"]
        await asyncio.to_thread(send, producer, published(N + 220))
        await second.until("video", video_id=vid(N + 220))
    seen = [frame["video_id"] for frame in second.of("video")]
    assert sorted(seen) == sorted(vid(number) for number in range(N + 210, N + 221))


async def test_clients_are_sent_away_politely_when_the_node_stops(
    stack: Stack, producer: EventProducer, tmp_path: Path
) -> None:
    async with gateway.start(settings(stack.kafka, tmp_path)) as node:
        clients = [await dial(node, f"v{number}") for number in range(20)]
        started = time.monotonic()
    assert time.monotonic() - started < 8
    for client in clients:
        with contextlib.suppress(ConnectionClosed):
            await client.until("never")
        assert client.connection.close_code == 1001
