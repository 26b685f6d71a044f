"""Looking ahead: what it costs, and what becomes of partitions that cannot be looked at."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from typing import Any

import pytest
from confluent_kafka import Producer

from infra.kafka import lookahead
from infra.kafka.lookahead import Ahead, look
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
            assert look(stack.kafka, {(source, number): 0 for number in range(PARTITIONS)}) == Ahead({}, {})
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    # Then one is held at a time
    assert RECORDS * SIZE < peak < 2 * RECORDS * SIZE


def written(stack: Stack, source: str) -> None:
    """A record in each of two partitions."""
    producer = Producer({"bootstrap.servers": stack.kafka})
    for number in range(2):
        producer.produce(source, b"x", partition=number)
    assert producer.flush(20) == 0


def test_what_cannot_be_looked_at_keeps_nobody_from_looking_at_the_others(stack: Stack) -> None:
    with consumer_with_topics(stack.kafka) as (source, _):
        written(stack, source)
        # given a partition that is not there, and an offset that nothing was written at
        ahead = look(stack.kafka, {(source, 99): 0, (source, 0): 10**6, (source, 1): 0})
    # then both are named, with the reason, and the third was looked at
    assert ahead.broken == {} and set(ahead.unseen) == {(source, 99), (source, 0)}
    assert "has no leader" in ahead.unseen[source, 99] and "OffsetOutOfRange" in ahead.unseen[source, 0]


def test_a_broker_that_hangs_for_one_partition_takes_only_its_time(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = lookahead.fetch

    async def hanging(client: Any, partition: tuple[str, int], offset: int) -> bytes:
        if partition[1] == 0:
            await asyncio.sleep(60)
        return await fetch(client, partition, offset)

    monkeypatch.setattr(lookahead, "fetch", hanging)
    monkeypatch.setattr(lookahead, "_PARTITION_S", 0.5)
    with consumer_with_topics(stack.kafka) as (source, _):
        written(stack, source)
        began = time.monotonic()
        ahead = look(stack.kafka, {(source, 0): 0, (source, 1): 0})
    assert ahead == Ahead({}, {(source, 0): "no answer in time"})
    assert time.monotonic() - began < 20
