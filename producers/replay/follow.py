"""New records of a topic as they come: assigned partitions, no group, no commit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

from infra.kafka.connection import client
from infra.kafka.marks import marks
from infra.kafka.records import Raw, Received, raw
from infra.kafka.refusals import unanswered
from producers.replay.log import readable
from schemas.base import Message
from schemas.codec import PREFIX

_ANSWER_S = 10.0


class Follower:
    """What is appended to a topic after it was opened, or since a moment before. Raises UnavailableError.

    Use as a context manager.
    """

    def __init__(self, bootstrap: str, topic: str, *, since_ms: int | None = None) -> None:
        self._topic, self._since_ms = topic, since_ms
        self._consumer = Consumer(
            client(bootstrap)
            | {
                "group.id": "follower-without-a-group",  # librdkafka insists on a name; nothing is committed under it
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "latest",
            }
        )

    def __enter__(self) -> Self:
        try:
            self._consumer.assign([self._end(number) for number in self._partitions()])
        except KafkaException as error:
            away = unanswered(self._consumer, error)
            self._consumer.close()
            raise away from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._consumer.close()

    def poll(self, key: str, timeout: float = 0.0) -> Iterator[Received]:
        """What came for a key, waiting at most `timeout` seconds for the first record of any key."""
        return readable(record for record in self._new(timeout) if record.key == key.encode())

    def of(self, correlation_id: str, *also: type[Message]) -> Iterator[Received]:
        """What came that goes back to one cause, and all of the types `also`; without waiting."""
        marks = {
            ("ce_correlationid", correlation_id.encode()),
            *(("ce_type", (PREFIX + one.TYPE).encode()) for one in also),
        }
        return readable(record for record in self._new(0.0) if not marks.isdisjoint(record.headers))

    def _new(self, timeout: float) -> list[Raw]:
        first = self._consumer.poll(timeout)
        # Not `if first`: a message is as long as its value, and so an empty one is false.
        messages = [] if first is None else [first, *self._consumer.consume(500, 0)]
        return [raw(message) for message in messages if not message.error()]

    def until(self, key: str, timeout: float) -> Iterator[Received]:
        """What comes for a key, until `timeout` seconds are over."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            yield from self.poll(key, min(0.5, left))

    def _partitions(self) -> list[int]:
        return sorted(self._consumer.list_topics(self._topic, timeout=_ANSWER_S).topics[self._topic].partitions)

    def _end(self, number: int) -> TopicPartition:
        # A fixed offset: "the end", asked for later, could lie behind a record that is written meanwhile.
        partition = TopicPartition(self._topic, number)
        _, end = marks(self._consumer, partition)
        if self._since_ms is not None:
            (at,) = self._consumer.offsets_for_times(
                [TopicPartition(self._topic, number, self._since_ms)], timeout=_ANSWER_S
            )
            return TopicPartition(self._topic, number, end if at.offset < 0 else at.offset)
        return TopicPartition(self._topic, number, end)
