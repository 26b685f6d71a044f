"""Go back to where the tables are: tables that were deleted, or restored from a backup, are filled again."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from infra.errors import UnavailableError
from infra.telemetry import logs
from query_api.projections.positions import TOPICS
from schemas.topics import TOPICS as DECLARED

log = logs.get("projector")

#: How a broker says that a group has members.
_AT_WORK = (KafkaError.UNKNOWN_MEMBER_ID, KafkaError.NON_EMPTY_GROUP)

Offsets = Mapping[tuple[str, int], int]


def behind(committed: Offsets, positions: Offsets) -> dict[tuple[str, int], int]:
    """Where the group is to go back to, by partition: it committed what the tables do not hold."""
    return {key: positions.get(key, 0) for key, offset in committed.items() if offset > positions.get(key, 0)}


def rewind(bootstrap: str, group: str, positions: Offsets, *, timeout: float = 10) -> int:
    """Set the group back to the tables' positions; how many partitions that were.

    Raises UnavailableError, also while the group has members: they would go on behind what is missing.
    """
    try:
        back = behind(_committed(bootstrap, group, timeout), positions)
        if back:
            log.warning("the tables are behind the log's consumer: reading again", partitions=len(back))
            commit(bootstrap, group, back, timeout)
        return len(back)
    except (KafkaException, TimeoutError) as error:
        raise UnavailableError(f"The group {group} could not be set back: {_why(error)}") from error


def _why(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    if isinstance(cause, KafkaError) and cause.code() in _AT_WORK:
        return "it has members; stop them first"
    return str(cause)


def _committed(bootstrap: str, group: str, timeout: float) -> Offsets:
    """Asked through a consumer: the admin client crashes while the coordinator still loads (librdkafka #5040)."""
    partitions = [TopicPartition(name, number) for name in TOPICS for number in range(DECLARED[name].partitions)]
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 2})
    try:
        found = consumer.committed(partitions, timeout=timeout)
    finally:
        consumer.close()
    return {(one.topic, one.partition): one.offset for one in found if one.offset >= 0}


def commit(bootstrap: str, group: str, offsets: Offsets, timeout: float = 10) -> None:
    """Set a group without members to these offsets. Raises KafkaException, or TimeoutError.

    Tried again until `timeout`: the coordinator of a broker that has just started refuses at first.
    """
    admin, deadline = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2}), time.monotonic() + timeout
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
