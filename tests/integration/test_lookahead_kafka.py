"""Looking ahead costs as much memory as one partition's window, however many partitions there are."""

from __future__ import annotations

import tracemalloc

from confluent_kafka import Producer

from infra.kafka.lookahead import look
from infra.stack import Stack
from tests.integration.failures_kit import consumer_with_topics

PARTITIONS, RECORDS, SIZE = 4, 16, 500_000


def test_sound_partitions_are_not_held_in_memory(stack: Stack) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka})
    with consumer_with_topics(stack.kafka, PARTITIONS) as (source, _):
        # Given partitions of 8 MB each
        for number in range(PARTITIONS):
            for _ in range(RECORDS):
                producer.produce(source, b"x" * SIZE, partition=number)
        assert producer.flush(20) == 0
        # When they are looked at
        tracemalloc.start()
        try:
            assert look(stack.kafka, {(source, number): 0 for number in range(PARTITIONS)}) == {}
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    # Then one is held at a time
    assert RECORDS * SIZE < peak < 2 * RECORDS * SIZE
