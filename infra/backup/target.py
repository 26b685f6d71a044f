"""Where a backup goes: what Kafka holds now, whether that is in the way, and topics made anew."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # the stubs hide them

from infra.backup.errors import OccupiedError
from infra.backup.manifest import TopicBackup
from infra.errors import DeadlineError, UnavailableError
from infra.kafka.connection import client
from infra.kafka.groups import at_work
from infra.kafka.marks import marks
from infra.kafka.offsets import Partition
from infra.kafka.refusals import unanswered
from schemas.topics import CONSUMERS

_ANSWER_S = 20.0
#: A consumer with a fixed name stays in its group for as long as its session lasts after it is gone.
LEAVE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """The topics that are there: (first, next) offset of every partition."""

    ranges: Mapping[str, Sequence[tuple[int, int]]]

    def in_the_way(self, topic: TopicBackup) -> str | None:
        """What speaks against restoring into a topic as it is; None: nothing."""
        if (found := self.ranges.get(topic.name)) is None:
            return None
        if count := sum(end - first for first, end in found):
            return f"{topic.name} is not empty: its offsets span {count}"
        if len(found) != len(topic.partitions):
            return f"{topic.name} has {len(found)} partitions, in the backup {len(topic.partitions)}"
        if any(end for _, end in found):
            return f"{topic.name} has held records before, so that offsets could not be kept"
        return None


class Broker:
    """The Kafka that is restored into. Raises UnavailableError where it does not answer."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient(client(bootstrap))

    def target(self, names: Iterable[str]) -> Target:
        """What is there under these names."""
        consumer = Consumer(client(self.bootstrap) | {"group.id": "restore-without-a-group"})
        try:
            counts = {
                name: len(found.partitions) for name, found in consumer.list_topics(timeout=_ANSWER_S).topics.items()
            }
            return Target(
                ranges={
                    name: [marks(consumer, TopicPartition(name, number), _ANSWER_S) for number in range(counts[name])]
                    for name in names
                    if name in counts
                }
            )
        except KafkaException as error:
            raise unanswered(consumer, error) from error
        finally:
            consumer.close()

    def wait_until_idle(self, timeout: float = LEAVE_S) -> None:
        """Nobody may consume while topics are replaced. Raises OccupiedError."""
        deadline = time.monotonic() + timeout
        while busy := self._busy():
            if time.monotonic() > deadline:
                raise OccupiedError(
                    f"Still at work: {', '.join(sorted(busy))}.",
                    hint="Stop the system, and start only the stores: swipestream down; swipestream up --stores.",
                )
            time.sleep(0.5)

    def _busy(self) -> set[str]:
        try:
            return at_work(self._admin, CONSUMERS, _ANSWER_S)
        except KafkaException as error:
            raise UnavailableError(f"Kafka does not tell who is at work: {error.args[0].str()}") from error

    def replace(self, topics: Sequence[TopicBackup], replication: int) -> None:
        """Delete those that are there, and make all of them with the partitions and settings of the backup."""
        there = self.target([topic.name for topic in topics]).ranges
        if there:
            _wait(self._admin.delete_topics(list(there), operation_timeout=_ANSWER_S))
        deadline = time.monotonic() + 60
        while still := set(self.target([topic.name for topic in topics]).ranges):
            if time.monotonic() > deadline:
                raise DeadlineError(f"Kafka still holds {', '.join(sorted(still))}, a minute after they were deleted.")
            time.sleep(0.2)
        self.create(topics, replication)

    def create(self, topics: Sequence[TopicBackup], replication: int) -> None:
        """Make those that are not there."""
        there = self.target([topic.name for topic in topics]).ranges
        wanted = [
            NewTopic(topic.name, len(topic.partitions), replication, config=topic.config)
            for topic in topics
            if topic.name not in there
        ]
        if wanted:
            _wait(self._admin.create_topics(wanted, operation_timeout=_ANSWER_S))

    def forget_before(self, offsets: Mapping[Partition, int]) -> None:
        """Delete every record below these offsets."""
        if offsets:
            asked = [TopicPartition(*partition, offset) for partition, offset in offsets.items()]
            _wait(self._admin.delete_records(asked, operation_timeout=_ANSWER_S))


def _wait(futures: Mapping[Any, Future[Any]]) -> None:
    for what, future in futures.items():
        try:
            future.result(60)
        except KafkaException as error:
            if error.args[0].code() not in (KafkaError.TOPIC_ALREADY_EXISTS, KafkaError.UNKNOWN_TOPIC_OR_PART):
                raise UnavailableError(f"Kafka did not do it for {what}: {error.args[0].str()}") from error
