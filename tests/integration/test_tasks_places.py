"""Several tasks at once over a real Kafka: a place is kept for what is urgent."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from infra.kafka.execution import Effects
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tasks import TaskConsumer
from infra.stack import Stack
from schemas.prompts import PromptSubmitted
from tests.integration.failures_kit import QUICK, consumer_with_topics, put, running, until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def producer(stack: Stack) -> Iterator[EventProducer]:
    producer = EventProducer(stack.kafka, "places-test")
    yield producer
    producer.close()


def test_bulk_never_takes_the_last_place_and_what_is_urgent_begins_at_once(
    stack: Stack, producer: EventProducer
) -> None:
    begun: list[str] = []
    gate = threading.Event()

    def work(received: Received) -> Effects:
        assert isinstance(received.envelope.data, PromptSubmitted)
        begun.append(received.envelope.data.text)
        assert gate.wait(60)
        return []

    with consumer_with_topics(stack.kafka) as (urgent, name), consumer_with_topics(stack.kafka) as (bulk, _):
        consumer = TaskConsumer(stack.kafka, name, [urgent, bulk], work, producer, concurrency=3, tiers=QUICK)
        with running(consumer):
            # given more bulk than there are places
            put(producer, bulk, *(f"bulk {number}" for number in range(6)))
            until(lambda: len(begun) == 2)
            # when something urgent comes
            put(producer, urgent, "urgent")
            until(lambda: len(begun) == 3)
            # then it has the place that was kept, and after it all the rest is done
            assert begun[2] == "urgent" and all(text.startswith("bulk") for text in begun[:2])
            gate.set()
            until(lambda: len(begun) == 7)
