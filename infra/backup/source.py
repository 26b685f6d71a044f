"""What is backed up, asked of Kafka: where topics end and groups stand at one moment, as after a power cut.

The order is what makes it consistent. Groups are asked first: all that came of the records before a committed offset
was in the log before that offset was committed. Changelogs are cut next: a processor keeps its state only after what it
decided is in the log. Everything else is cut last, so it holds at least that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the stubs hide what the package exports
    AdminClient,
    ConfigResource,
    ConfigSource,
    ResourceType,
)

from infra.contracts.slices import Range
from infra.errors import NotFoundError
from infra.kafka.connection import client
from infra.kafka.groups import committed
from infra.kafka.marks import marks
from infra.kafka.offsets import Partition
from infra.kafka.refusals import unanswered
from schemas.topics import CHANGELOGS, CONSUMERS, TOPICS

#: Nobody misses what a render had done a quarter of an hour ago.
LEFT_OUT = frozenset({"render-progress"})
_ANSWER_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Where the log is cut, and how far the consumer groups were."""

    ranges: Mapping[str, Sequence[Range]]
    configs: Mapping[str, Mapping[str, str]]
    committed: Mapping[str, Mapping[Partition, int]]


def cut(bootstrap: str, wanted: Sequence[str]) -> Cut:
    """Ask for all of it; without `wanted`, every topic of ours. Raises NotFoundError and UnavailableError."""
    consumer = Consumer(client(bootstrap) | {"group.id": "backup-without-a-group"})
    try:
        counts = _partitions(consumer, wanted)
        every = [(name, number) for name, count in counts.items() for number in range(count)]
        groups = {group: committed(bootstrap, group, every, _ANSWER_S) for group in CONSUMERS}
        ranges = {name: _ranges(consumer, name, counts[name]) for name in _changelogs_first(counts)}
        return Cut(ranges=ranges, configs=configs(bootstrap, list(counts)), committed=groups)
    except KafkaException as error:
        raise unanswered(consumer, error) from error
    finally:
        consumer.close()


def _partitions(consumer: Consumer, wanted: Sequence[str]) -> dict[str, int]:
    found = {name: len(topic.partitions) for name, topic in consumer.list_topics(timeout=_ANSWER_S).topics.items()}
    if missing := [name for name in wanted if name not in found]:
        raise NotFoundError(f"There is no topic {missing[0]}.", hint="docs/reference/events.md lists the topics.")
    return {name: found[name] for name in wanted or TOPICS if name in found and (wanted or name not in LEFT_OUT)}


def _changelogs_first(names: Iterable[str]) -> list[str]:
    changelogs = {topic.name for topic in CHANGELOGS}
    return sorted(names, key=lambda name: (name not in changelogs, name))


def _ranges(consumer: Consumer, topic: str, count: int) -> list[Range]:
    return [Range(number, *marks(consumer, TopicPartition(topic, number), _ANSWER_S)) for number in range(count)]


def configs(bootstrap: str, topics: Sequence[str]) -> dict[str, dict[str, str]]:
    """The settings of topics that were given to them, and are not the broker's own."""
    if not topics:
        return {}
    admin = AdminClient(client(bootstrap))
    asked = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in topics])
    return {
        resource.name: {
            name: entry.value
            for name, entry in future.result(_ANSWER_S).items()
            if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value and entry.value is not None
        }
        for resource, future in asked.items()
    }
