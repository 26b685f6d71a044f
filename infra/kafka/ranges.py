"""What topics hold now, as the broker tells it: topics grow, and what is too old leaves them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # the stubs hide it

from infra.kafka.offsets import Partition
from infra.kafka.stretch import Ranges
from schemas.topics import TOPICS


def partitions(admin: AdminClient, topics: Collection[str], timeout: float) -> list[Partition]:
    """Those that each topic has, and no fewer than it is declared with. Raises KafkaException."""
    found = admin.list_topics(timeout=timeout).topics
    counts = {name: len(found[name].partitions) if name in found else 0 for name in topics}
    return [(name, number) for name in topics for number in range(max(counts[name], TOPICS[name].partitions))]


def ranges(admin: AdminClient, topics: Collection[str], timeout: float) -> Ranges:
    """What every partition of declared topics holds. Each of the three questions may take `timeout` seconds.

    Raises KafkaException, also for a topic that is not there, and TimeoutError.
    """
    asked = [TopicPartition(*part) for part in partitions(admin, topics, timeout)]
    first = _offsets(admin, asked, OffsetSpec.earliest(), timeout)  # type: ignore[no-untyped-call]
    end = _offsets(admin, asked, OffsetSpec.latest(), timeout)  # type: ignore[no-untyped-call]
    return {part: (first[part], end[part]) for part in end}


def _offsets(admin: AdminClient, asked: list[TopicPartition], spec: Any, timeout: float) -> dict[Partition, int]:
    found = admin.list_offsets(dict.fromkeys(asked, spec), request_timeout=timeout)
    return {(one.topic, one.partition): future.result(timeout).offset for one, future in found.items()}
