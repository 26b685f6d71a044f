"""A slice of a topic, read once from beginning to end. No group, no commit: nobody else notices."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from infra.errors import NotFoundError, UnavailableError
from infra.kafka.partitions import partition_of_key
from infra.kafka.records import Raw, raw

_BATCH = 1_000
#: How long a broker may stay silent while there is more to read.
PATIENCE_S = 30.0
#: How long it may take to answer a question about a topic.
ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition: the first to read and the one after the last, as they stood at the start."""

    partition: int
    first: int
    end: int


class Slice:
    """The records of a topic with `since <= timestamp < until`, in milliseconds; None: from the first, to the newest.

    The end is where each partition ended when the slice was opened; `ranges` gives other bounds, `key` keeps it to the
    partition that records of that key are in. Use as a context
    manager; iterate once, and take `done` for how many offsets have been passed out of `total`. Raises NotFoundError
    and UnavailableError.
    """

    def __init__(
        self, bootstrap: str, topic: str, *, since_ms: int | None = None, until_ms: int | None = None,
        ranges: Sequence[Range] | None = None, key: bytes | None = None,
    ) -> None:  # fmt: skip
        self._topic, self._since, self._until = topic, since_ms, until_ms
        self._given, self._key = ranges, key
        self._consumer = Consumer(_config(bootstrap))
        self._left: dict[int, Range] = {}
        self.ranges: list[Range] = []
        self.done = 0

    def __enter__(self) -> Self:
        try:
            self.ranges = (
                [self._range(number) for number in self._partitions()] if self._given is None else list(self._given)
            )
        except KafkaException as error:
            self._consumer.close()
            raise UnavailableError(f"Kafka does not answer: {error.args[0].str()}") from error
        except BaseException:
            self._consumer.close()
            raise
        self._left = {found.partition: found for found in self.ranges if found.first < found.end}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._consumer.close()

    @property
    def total(self) -> int:
        """How many offsets the slice spans; fewer hold records where a topic is compacted."""
        return sum(found.end - found.first for found in self.ranges)

    def __iter__(self) -> Iterator[Raw]:
        self._consumer.assign([TopicPartition(self._topic, left.partition, left.first) for left in self._left.values()])
        heard = time.monotonic()
        while self._left:
            # poll() returns with the first record; consume(timeout=0) then takes what is there without waiting.
            first = self._consumer.poll(1.0)
            # Not `if first`: a message is as long as its value, and so an empty one is false.
            messages = [] if first is None else [first, *self._consumer.consume(_BATCH - 1, 0)]
            heard = time.monotonic() if messages else heard
            if time.monotonic() - heard > PATIENCE_S:
                raise UnavailableError(f"Kafka has said nothing for {PATIENCE_S:g} s.")
            yield from filter(self._wanted, filter(None, map(self._take, messages)))

    def _take(self, message: Message) -> Raw | None:
        if error := message.error():
            self._ended(message, error)
            return None
        record = raw(message)
        left = self._left.get(record.partition)
        if left is None or record.offset >= left.end:
            self._finish(record.partition)
            return None
        self.done += 1
        if record.offset == left.end - 1:
            self._finish(record.partition)
        return record

    def _ended(self, message: Message, error: KafkaError) -> None:
        # The end may lie behind markers and gaps that are no records.
        if error.code() != KafkaError._PARTITION_EOF:
            raise UnavailableError(f"Kafka did not go on with {self._topic}: {error.str()}")
        self._finish(message.partition())

    def _finish(self, partition: int | None) -> None:
        if partition in self._left:
            del self._left[partition]
            self._consumer.pause([TopicPartition(self._topic, partition)])

    def _wanted(self, record: Raw) -> bool:
        # Producers set the timestamps, so they need not rise within a partition.
        return (self._since is None or record.timestamp_ms >= self._since) and (
            self._until is None or record.timestamp_ms < self._until
        )

    def _partitions(self) -> list[int]:
        found = self._consumer.list_topics(timeout=ANSWER_S).topics
        if self._topic not in found or not found[self._topic].partitions:
            names = ", ".join(sorted(name for name in found if not name.startswith("__")))
            raise NotFoundError(f"There is no topic {self._topic}.", hint=f"There are: {names}." if names else None)
        numbers = sorted(found[self._topic].partitions)
        return numbers if self._key is None else [partition_of_key(self._key, len(numbers))]

    def _range(self, number: int) -> Range:
        low, high = self._watermarks(number)
        if self._since is None:
            return Range(number, low, high)
        wanted = TopicPartition(self._topic, number, self._since)
        (at,) = self._consumer.offsets_for_times([wanted], timeout=ANSWER_S)
        return Range(number, high if at.offset < 0 else at.offset, high)

    def _watermarks(self, number: int) -> tuple[int, int]:
        answer = self._consumer.get_watermark_offsets(
            TopicPartition(self._topic, number), timeout=ANSWER_S, cached=False
        )
        if answer is None:
            raise UnavailableError(f"Kafka did not tell the offsets of {self._topic}.")
        return answer


def _config(bootstrap: str) -> dict[str, object]:
    return {
        "bootstrap.servers": bootstrap,
        "group.id": "slice-without-a-group",  # librdkafka insists on a name; nothing is ever committed under it
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "queued.max.messages.kbytes": 16_384,
        "log_level": 2,
    }
