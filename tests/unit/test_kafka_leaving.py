"""Whoever leaves a group hears what it had still to say, and leaves in time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer

from infra.kafka.leaving import leave
from tests.unit.kafka_kit import mock_broker


def produce(bootstrap: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce("prompts", b"{}")
    producer.flush(5)


@pytest.mark.parametrize(
    "waits", [lambda: None, lambda: time.sleep(4)], ids=["before it joins", "with partitions unheard of"]
)
def test_a_consumer_that_never_asked_for_anything_leaves(waits: Callable[[], None]) -> None:
    heard: list[str] = []
    with mock_broker() as bootstrap:
        produce(bootstrap)
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "auto.offset.reset": "earliest"})
        consumer.subscribe(
            ["prompts"], on_assign=lambda *_: heard.append("assigned"), on_revoke=lambda *_: heard.append("revoked")
        )
        # given a member of the group that has not joined yet, or was given partitions and has not heard of it
        waits()
        # when it leaves, then it has heard all, in its order
        leave(consumer)
        assert heard in ([], ["assigned", "revoked"])
        with pytest.raises(RuntimeError, match="closed"):
            consumer.poll(0)


def test_a_callback_that_fails_closes_it_all_the_same() -> None:
    def fails(*_: object) -> None:
        raise ValueError("bad")

    with mock_broker() as bootstrap:
        produce(bootstrap)
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})
        consumer.subscribe(["prompts"], on_revoke=fails)
        deadline = time.monotonic() + 20
        while not consumer.assignment() and time.monotonic() < deadline:
            consumer.poll(0.1)
        with pytest.raises(ValueError, match="bad"):
            leave(consumer)
        with pytest.raises(RuntimeError, match="closed"):
            consumer.poll(0)
