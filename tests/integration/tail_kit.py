"""What the tests of the tail share."""

from __future__ import annotations

import asyncio

from infra.kafka.producer import EventProducer
from infra.kafka.tail import Batch, Tail
from schemas.envelope import root
from schemas.videos import VideoPublished
from tests.unit.gateway_kit import published


def send(producer: EventProducer, numbers: range) -> None:
    """Publish a video for each number."""
    producer.publish_all([(root(published(number), source="test"), None) for number in numbers])


async def collect(tail: Tail, count: int, timeout_s: float = 30) -> list[Batch]:
    """Batches until `count` records have come."""
    batches: list[Batch] = []
    async with asyncio.timeout(timeout_s):
        async for batch in tail:
            batches.append(batch)
            if sum(len(one.records) for one in batches) >= count and batch.caught_up:
                break
    return batches


def titles(batches: list[Batch]) -> list[str]:
    events = [record.envelope.data for batch in batches for record in batch.records]
    return [event.title for event in events if isinstance(event, VideoPublished)]
