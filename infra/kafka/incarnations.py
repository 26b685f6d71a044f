"""What a topic is right now: its id (new when it is made anew), its partitions and their first and next offsets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from infra.errors import UnavailableError
from infra.kafka.offsets import Partition


class TopicsMissingError(UnavailableError):
    """A topic that is to be read does not exist yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incarnation:
    """Topics as the broker describes them. `ranges` holds (first, next) offset of every partition."""

    ids: Mapping[str, str]
    ranges: Mapping[Partition, tuple[int, int]]

    @property
    def name(self) -> str:
        """Short, and different once any of the topics is deleted and made again: offsets mean something else then."""
        text = "/".join(f"{topic}={identity}" for topic, identity in sorted(self.ids.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""
        return sum(1 for name, _ in self.ranges if name == topic)


def describe(consumer: Consumer, bootstrap: str, topics: Sequence[str], timeout: float = 5.0) -> Incarnation:
    """Ask the broker. Raises KafkaException when it does not answer, TopicsMissingError when a topic is not there."""
    found = consumer.list_topics(timeout=timeout).topics
    missing = [topic for topic in topics if topic not in found or not found[topic].partitions]
    if missing:
        raise TopicsMissingError(f"There is no topic {missing[0]} yet.")
    ranges = {
        (topic, number): _range(consumer, TopicPartition(topic, number), timeout)
        for topic in topics
        for number in sorted(found[topic].partitions)
    }
    return Incarnation(ids=_ids(bootstrap, topics, timeout), ranges=ranges)


def _range(consumer: Consumer, partition: TopicPartition, timeout: float) -> tuple[int, int]:
    answer = consumer.get_watermark_offsets(partition, timeout=timeout, cached=False)
    if answer is None:
        raise UnavailableError(f"Kafka did not tell the offsets of {partition.topic}.")
    return answer


def _ids(bootstrap: str, topics: Sequence[str], timeout: float) -> dict[str, str]:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    described = admin.describe_topics(TopicCollection(list(topics)), request_timeout=timeout)
    try:
        return {name: str(future.result(timeout + 1).topic_id) for name, future in described.items()}
    except TimeoutError as error:
        raise UnavailableError("Kafka did not describe its topics.") from error
    except KafkaException as error:
        raise UnavailableError(f"Kafka did not describe its topics: {error.args[0].str()}") from error
