"""What a topic is right now: its id (new when it is made anew), its partitions and their first and next offsets."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, TopicDescription  # type: ignore[attr-defined]  # the stubs hide it

from infra.errors import StoreAwayError, UnavailableError
from infra.kafka.marks import marks
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

    def is_still(self, found: Mapping[str, tuple[str, int]]) -> bool:
        """Whether `identify` finds the same topics with the same partitions."""
        counts = Counter(topic for topic, _ in self.ranges)
        return all(found[topic] == (identity, counts[topic]) for topic, identity in self.ids.items())


def identify(admin: AdminClient, topics: Sequence[str], timeout: float = 5.0) -> dict[str, tuple[str, int]]:
    """(id, number of partitions) of each topic. Raises UnavailableError, TopicsMissingError where one is not there."""
    described = admin.describe_topics(TopicCollection(list(topics)), request_timeout=timeout)
    return {name: _identity(name, future, timeout) for name, future in described.items()}


def _identity(name: str, future: Future[TopicDescription], timeout: float) -> tuple[str, int]:
    try:
        found = future.result(timeout + 1)
    except TimeoutError as error:
        raise StoreAwayError("Kafka", f"{name} was not described in time") from error
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise TopicsMissingError(f"There is no topic {name} yet.") from error
        raise UnavailableError(f"Kafka did not describe {name}: {error.args[0].str()}") from error
    return str(found.topic_id), len(found.partitions)


def describe(consumer: Consumer, admin: AdminClient, topics: Sequence[str], timeout: float = 5.0) -> Incarnation:
    """Ask the broker. Raises UnavailableError, or KafkaException when it does not tell the offsets."""
    found = identify(admin, topics, timeout)
    ranges = {
        (topic, number): marks(consumer, TopicPartition(topic, number), timeout)
        for topic, (_, count) in found.items()
        for number in range(count)
    }
    return Incarnation(ids={topic: identity for topic, (identity, _) in found.items()}, ranges=ranges)
