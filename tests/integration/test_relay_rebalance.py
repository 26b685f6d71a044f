"""The relay in a group that changes: what waits for its time waits with whoever has its partition."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka.producer import EventProducer
from infra.kafka.records import raw
from infra.kafka.relay import Relay
from infra.kafka.trials import Trial
from schemas.topics import retry_topic
from tests.integration.failures_kit import consumer_with_topics, put, read_all, until
from tests.integration.gateway_broker import broker

pytestmark = pytest.mark.timeout(300)
BOTH = (0, 1)
#: Long after the test.
DUE_S = 3600.0


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[str]:
    with broker(tmp_path) as running:
        yield running.address


def test_what_waits_in_a_partition_that_went_to_another_and_came_back_is_read_again(kafka: str) -> None:
    producer = EventProducer(kafka, "test")
    with consumer_with_topics(kafka) as (source, name):
        put(producer, source, "one")
        (one,) = read_all(kafka, source, partitions=BOTH)
        again = Trial(record=raw(one)).again(int(time.time() * 1000), DUE_S)
        for number in BOTH:
            producer.send_raw(
                retry_topic(name, "10s"), again.record.key, again.record.value, again.headers(), partition=number
            ).result(20)
        # Given a relay that has read what waits in both partitions
        first = Relay(kafka, name, producer, {"10s": DUE_S})
        first.start()
        until(lambda: len(first._delays) == 2, 40)
        # When another one takes a partition, and goes
        second = Relay(kafka, name, producer, {"10s": DUE_S})
        second.start()
        until(lambda: len(first._delays) == len(second._delays) == 1, 60)
        second.stop()
        # Then what waits there is in the first one's hands again
        try:
            until(lambda: len(first._delays) == 2, 60)
        finally:
            first.stop()
            producer.close()
