"""Where a consumer would begin to read the partitions that it was assigned."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from infra.errors import UnavailableError
from infra.kafka.marks import ANSWER_S, marks
from infra.kafka.offsets import Partition


@dataclass(frozen=True, slots=True)
class Beginnings:
    """`starts`: the offsets, for partitions in which there is something to read. `unknown`: why, where nothing was
    told."""

    starts: dict[Partition, int]
    unknown: dict[Partition, str]


def beginnings(consumer: Consumer, partitions: Sequence[TopicPartition], until: float) -> Beginnings:
    """At what was committed, or the first record that is left. Asks until then (`time.monotonic`), not much longer.

    Raises KafkaException where it is not told what was committed.
    """
    found = Beginnings({}, {})
    for item in consumer.committed(list(partitions), timeout=ANSWER_S):
        try:
            low, high = marks(consumer, item, min(left(until), ANSWER_S))
        except (UnavailableError, KafkaException) as error:
            found.unknown[item.topic, item.partition] = str(error)
            continue
        if (start := max(low, item.offset)) < high:
            found.starts[item.topic, item.partition] = start
    return found


def left(until: float) -> float:
    """The seconds that are left. Raises UnavailableError where none are."""
    if (seconds := until - time.monotonic()) <= 0:
        raise UnavailableError("there was no time left")
    return seconds
