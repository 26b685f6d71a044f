"""Workers on a full disk: they take no work, lose none, and go on by themselves."""

from __future__ import annotations

import time

import pytest

from infra.kafka.execution import Effects
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tasks import TaskConsumer
from infra.stack import Stack
from infra.telemetry import metrics
from tests.integration.failures_kit import QUICK, consumer_with_topics, put, running, until

pytestmark = pytest.mark.timeout(120)


def test_a_worker_takes_no_work_while_the_disk_is_full_and_all_of_it_after(stack: Stack) -> None:
    done: list[str] = []
    full = ["the disk is nearly full"]

    def work(received: Received) -> Effects:
        done.append(received.envelope.data.text)  # type: ignore[attr-defined]
        return []

    with consumer_with_topics(stack.kafka) as (source, name):
        producer = EventProducer(stack.kafka, "disk-test")
        consumer = TaskConsumer(
            stack.kafka, name, (source,), work, producer, tiers=QUICK, shortage=lambda: full[0] if full else None
        )
        # Given a full disk
        with running(consumer):
            put(producer, source, "one", "two", "three")
            until(lambda: metrics.PAUSED.labels(consumer=name)._value.get() == 1)
            time.sleep(1.0)  # long enough for three tasks, if they were taken
            assert done == []
            # When there is room again
            full.clear()
            # Then
            until(lambda: sorted(done) == ["one", "three", "two"])
            assert metrics.PAUSED.labels(consumer=name)._value.get() == 0
        producer.close()
