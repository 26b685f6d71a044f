"""Consumer groups from outside: how far they are, whether they are at work, and setting them to other offsets."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from infra.kafka.connection import client
from infra.kafka.offsets import Partition

Offsets = Mapping[Partition, int]


def committed(bootstrap: str, group: str, partitions: Sequence[Partition], timeout: float = 10) -> dict[Partition, int]:
    """Committed offsets, of those partitions that have one. Raises KafkaException.

    Asked through a consumer: the admin client crashes while the coordinator still loads (librdkafka #5040).
    """
    consumer = Consumer(client(bootstrap) | {"group.id": group})
    try:
        found = consumer.committed([TopicPartition(*partition) for partition in partitions], timeout=timeout)
    finally:
        consumer.close()
    return {(one.topic, one.partition): one.offset for one in found if one.offset >= 0}


def at_work(admin: AdminClient, groups: Collection[str], timeout: float = 10) -> set[str]:
    """Those of the groups that have members, or had some moments ago. Raises KafkaException, TimeoutError.

    By the list of all groups: whatever asks a group's coordinator (describing it, its offsets) aborts the process when
    the broker goes away at that moment (librdkafka #4605, mended in #5397, which is not released yet).
    """
    found = admin.list_consumer_groups(request_timeout=timeout).result(timeout)
    idle = (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD)
    return {one.group_id for one in found.valid if one.group_id in groups and one.state not in idle}


def commit(bootstrap: str, group: str, offsets: Offsets, timeout: float = 10) -> None:
    """Set a group without members to these offsets. Raises KafkaException, or TimeoutError.

    Tried again until `timeout`: the coordinator of a broker that has just started refuses at first.
    """
    admin, deadline = AdminClient(client(bootstrap)), time.monotonic() + timeout
    while error := _refused(admin, group, offsets, timeout):
        if time.monotonic() > deadline:
            raise KafkaException(error)
        time.sleep(0.2)


def _refused(admin: AdminClient, group: str, offsets: Offsets, timeout: float) -> KafkaError | None:
    partitions = [TopicPartition(topic, number, offset) for (topic, number), offset in offsets.items()]
    asked = admin.alter_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group, partitions)], request_timeout=timeout
    )
    return next((one.error for one in asked[group].result(timeout).topic_partitions if one.error), None)
