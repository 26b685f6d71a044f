"""Retries and dead letters over a real Kafka: nothing lost, nothing waits behind a failure, all comes back in time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from infra.errors import TransientError, UnavailableError
from infra.kafka.batches import BatchConsumer
from infra.kafka.execution import Effects
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tasks import TaskConsumer
from infra.stack import Stack
from schemas.prompts import PromptSubmitted
from tests.integration.failures_kit import QUICK, consumer_with_topics, letters, put, running, until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def producer(stack: Stack) -> Iterator[EventProducer]:
    producer = EventProducer(stack.kafka, "failures-test")
    yield producer
    producer.close()


@pytest.fixture
def names(stack: Stack) -> Iterator[tuple[str, str]]:
    with consumer_with_topics(stack.kafka) as names:
        yield names


def text(received: Received) -> str:
    assert isinstance(received.envelope.data, PromptSubmitted)
    return received.envelope.data.text


class Handler:
    """Fails as the text of the record says: `flaky-2` twice, `broken` always, `bad` for good."""

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.done: list[str] = []
        self.seen: list[Received] = []
        self.away = 0

    def one(self, received: Received) -> Effects:
        name = text(received)
        self.tries[name] += 1
        self.seen.append(received)
        if self.away:
            self.away -= 1
            raise UnavailableError
        if name.startswith("bad"):
            raise ValueError("never")
        if name.startswith("broken") or (name.startswith("flaky") and self.tries[name] <= int(name[6:])):
            raise TransientError("not now")
        self.done.append(name)
        return []

    def batch(self, records: Sequence[Received]) -> None:
        names = Counter(map(text, records))
        if len(records) > 1 and any(not name.startswith("good") for name in names):
            raise TransientError("one of them")
        for record in records:
            self.one(record)


@pytest.mark.parametrize("shell", ["batches", "tasks"])
def test_what_fails_comes_back_and_what_cannot_work_ends_in_the_dead_letters(
    stack: Stack, producer: EventProducer, names: tuple[str, str], shell: str
) -> None:
    source, name = names
    handler, failed = Handler(), []

    def gave_up(received: Received, error: Exception) -> Effects:
        failed.append((text(received), received.attempt, type(error)))
        return []

    consumer = (
        BatchConsumer(stack.kafka, name, [source], handler.batch, producer, tiers=QUICK)
        if shell == "batches"
        else TaskConsumer(stack.kafka, name, [source], handler.one, producer, on_failure=gave_up, tiers=QUICK)
    )
    # given good records among such that fail once, thrice, always, and for good
    put(producer, source, "good-1", "flaky-1", "bad", "broken", "flaky-3", "good-2")
    with running(consumer):
        until(lambda: {"good-1", "good-2", "flaky-1", "flaky-3"} <= set(handler.done))
        until(lambda: len(letters(stack.kafka, name)) == 2)
    # then each was tried as often as the policy says, and came back as its topic had held it
    assert handler.tries["flaky-1"] == 2 and handler.tries["flaky-3"] == 4 and handler.tries["broken"] == 4
    assert handler.tries["bad"] == 1
    assert {(one.topic) for one in handler.seen} == {source}
    places = {(one.partition, one.offset) for one in handler.seen if text(one) == "broken"}
    assert len(places) == 1
    assert [one.attempt for one in handler.seen if text(one) == "broken"] == [1, 2, 3, 4]
    # and the dead say why
    dead = {letter["reason"]: letter for letter in letters(stack.kafka, name)}
    assert set(dead) == {"ValueError", "TransientError"}
    assert dead["TransientError"]["attempt"] == "4" and dead["ValueError"]["attempt"] == "1"
    assert dead["TransientError"]["message"] == "not now" and len(dead["TransientError"]["stack"]) == 8
    assert (int(dead["TransientError"]["partition"]), int(dead["TransientError"]["offset"])) in places
    waited = int(dead["TransientError"]["failed_at_ms"]) - int(dead["TransientError"]["first_failure_ms"])
    assert waited >= 1000 * sum(QUICK.values()) - 50
    if shell == "tasks":
        assert sorted(failed) == [("bad", 1, ValueError), ("broken", 4, TransientError)]


@pytest.mark.parametrize("shell", ["batches", "tasks"])
def test_an_outage_is_waited_for_and_nothing_is_put_aside(
    stack: Stack, producer: EventProducer, names: tuple[str, str], shell: str
) -> None:
    source, name = names
    handler = Handler()
    handler.away = 3
    consumer = (
        BatchConsumer(stack.kafka, name, [source], handler.batch, producer, tiers=QUICK)
        if shell == "batches"
        else TaskConsumer(stack.kafka, name, [source], handler.one, producer, tiers=QUICK)
    )
    put(producer, source, "good-1", "good-2", "good-3")
    with running(consumer):
        until(lambda: set(handler.done) == {"good-1", "good-2", "good-3"})
    assert letters(stack.kafka, name) == []


@pytest.mark.parametrize("shell", ["batches", "tasks"])
def test_what_waits_in_a_retry_topic_survives_a_restart(
    stack: Stack, producer: EventProducer, names: tuple[str, str], shell: str
) -> None:
    source, name = names
    handler = Handler()

    def make() -> BatchConsumer | TaskConsumer:
        slow = {"10s": 3.0}
        if shell == "batches":
            return BatchConsumer(stack.kafka, name, [source], handler.batch, producer, tiers=slow)
        return TaskConsumer(stack.kafka, name, [source], handler.one, producer, tiers=slow)

    put(producer, source, "flaky-1", "good-1")
    begun = time.monotonic()
    with running(make()):
        until(lambda: handler.tries["flaky-1"] == 1 and "good-1" in handler.done)
        time.sleep(1)
    assert time.monotonic() - begun < 15 and "flaky-1" not in handler.done
    with running(make()):
        until(lambda: "flaky-1" in handler.done)
    assert handler.tries["flaky-1"] == 2 and letters(stack.kafka, name) == []
