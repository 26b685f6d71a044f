"""Consumers beat while nothing comes and while they wait for what is away; a step that never returns is found out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from infra.errors import UnavailableError
from infra.heartbeat import Heartbeat
from infra.kafka.batches import BatchConsumer
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tasks import TaskConsumer
from infra.stack import Stack
from tests.integration.failures_kit import QUICK, consumer_with_topics, put, running, until

#: Longer than a consumer is away for its group and its commits, even on a busy machine.
PATIENCE_S = 4.0


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    ended = threading.Event()
    hasty = partial(Heartbeat, patience_s=PATIENCE_S, every_s=0.1, end=lambda _why: ended.set())
    for module in ("batches", "tasks"):
        monkeypatch.setattr(f"infra.kafka.{module}.Heartbeat", hasty)
    return ended


@pytest.fixture
def producer(stack: Stack) -> Iterator[EventProducer]:
    producer = EventProducer(stack.kafka, "heartbeat-test")
    yield producer
    producer.close()


def test_a_reader_of_batches_beats_until_its_handler_hangs(
    stack: Stack, producer: EventProducer, ended: threading.Event
) -> None:
    away, hangs, in_hand = threading.Event(), threading.Event(), threading.Event()

    def handle(_records: Sequence[Received]) -> None:
        in_hand.set()
        if not away.is_set():
            raise UnavailableError("away")
        hangs.wait(30)

    with (
        consumer_with_topics(stack.kafka) as (source, name),
        running(BatchConsumer(stack.kafka, name, [source], handle, producer, tiers=QUICK)),
    ):
        assert not ended.wait(PATIENCE_S * 1.5)  # nothing comes
        put(producer, source, "good-1")
        until(in_hand.is_set)
        assert not ended.wait(PATIENCE_S * 1.5)  # what it needs is away
        away.set()
        assert ended.wait(30)
        hangs.set()


def test_a_reader_of_tasks_beats_until_its_loop_hangs(
    stack: Stack, producer: EventProducer, ended: threading.Event
) -> None:
    hung, goes_on = threading.Event(), threading.Event()

    def shortage() -> None:
        if hung.is_set():
            goes_on.wait(30)

    with consumer_with_topics(stack.kafka) as (source, name):
        consumer = TaskConsumer(
            stack.kafka, name, [source], lambda _: [], producer, tiers=QUICK, shortage=shortage
        )  # fmt: skip
        with running(consumer):
            assert not ended.wait(PATIENCE_S * 1.5)  # nothing comes
            hung.set()
            assert ended.wait(30)
            goes_on.set()
