"""The topic migration: makes the broker agree with `schemas.topics`. Never deletes, never shrinks."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, replace

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the stubs hide what the package exports
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from infra.errors import StoreRefusedError, UnavailableError
from infra.kafka.connection import client
from infra.kafka.refusals import unanswered
from schemas.topics import TOPICS, Topic, lane_topic
from schemas.values import Lane

LANES = frozenset(map(lane_topic, Lane))


@dataclass(frozen=True, kw_only=True)
class TopicChange:
    """What was done to a topic: created, altered or unchanged."""

    name: str
    action: str


def apply_topics(bootstrap: str, replication: int = 1, *, scenes: int = 0, timeout: float = 60) -> list[TopicChange]:
    """Create what is missing, correct settings, add partitions. Idempotent. Raises UnavailableError.

    Lanes of scene tasks get `scenes` partitions where that is more than they are declared with.
    """
    declared = [_wide(topic, scenes) for topic in TOPICS.values()]
    admin = AdminClient(client(bootstrap) | {"log.connection.close": False})
    existing = _existing(admin, timeout)
    created = _create(admin, [topic for topic in declared if topic.name not in existing], replication)
    altered = _configure(admin, [topic for topic in declared if topic.name in existing])
    altered |= _grow(admin, declared, existing)
    return [
        TopicChange(name=name, action="created" if name in created else "altered" if name in altered else "unchanged")
        for name in TOPICS
    ]


def _existing(admin: AdminClient, timeout: float) -> dict[str, int]:
    deadline = time.monotonic() + timeout
    while True:
        try:
            return {name: len(topic.partitions) for name, topic in admin.list_topics(timeout=5).topics.items()}
        except KafkaException as error:
            away = unanswered(admin, error)
            if time.monotonic() > deadline or isinstance(away, StoreRefusedError):
                raise away from error


def _create(admin: AdminClient, topics: list[Topic], replication: int) -> set[str]:
    if not topics:
        return set()
    wanted = [NewTopic(topic.name, topic.partitions, replication, config=topic.config) for topic in topics]
    made = set()
    for name, future in admin.create_topics(wanted, operation_timeout=30).items():
        try:
            future.result(30)
            made.add(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise UnavailableError(f"Kafka did not create {name}: {error.args[0].str()}") from error
    return made


def _configure(admin: AdminClient, topics: list[Topic]) -> set[str]:
    """Set only what differs, so that a second run changes nothing."""
    if not topics:
        return set()
    described = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics])
    current = {resource.name: future.result(30) for resource, future in described.items()}
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            topic.name,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in differing
            ],
        )
        for topic in topics
        if (differing := [item for item in topic.config.items() if current[topic.name][item[0]].value != item[1]])
    ]
    for future in admin.incremental_alter_configs(resources).values() if resources else ():
        future.result(30)
    return {resource.name for resource in resources}


def _wide(topic: Topic, scenes: int) -> Topic:
    return replace(topic, partitions=max(topic.partitions, scenes)) if topic.name in LANES else topic


def _grow(admin: AdminClient, declared: list[Topic], existing: dict[str, int]) -> set[str]:
    more = [
        NewPartitions(topic.name, topic.partitions)
        for topic in declared
        if existing.get(topic.name, topic.partitions) < topic.partitions
    ]
    return {topic for topic, future in (admin.create_partitions(more) if more else {}).items() if _grown(topic, future)}


def _grown(topic: str, future: Future[None]) -> bool:
    """Whether it has more partitions now. It may have had them: brokers hear of them a little later."""
    try:
        future.result(30)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.INVALID_PARTITIONS:
            raise UnavailableError(f"Kafka did not widen {topic}: {error.args[0].str()}") from error
        return False
    return True
