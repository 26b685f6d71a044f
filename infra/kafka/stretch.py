"""A stretch of the log: given offsets of several partitions, read once, in batches, without a group or a commit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from infra.errors import NotFoundError, UnavailableError
from infra.kafka.connection import lasting
from infra.kafka.marks import marks
from infra.kafka.offsets import Partition
from infra.kafka.records import Raw, raw
from infra.kafka.refusals import unanswered

BATCH = 2_000
#: How long a broker may stay silent while there is more to read, and how long an answer to a question may take.
PATIENCE_S, ANSWER_S = 30.0, 10.0
#: After so much silence what is left is asked for once more: a partition that was paused and is assigned anew has been
#: seen to stay silent.
AGAIN_S = 5.0
#: How long a large piece waits to become full.
_LINGER_S = 0.2

Ranges = Mapping[Partition, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some records, in the order of each partition, and the next offset of the partitions that moved."""

    records: Sequence[Raw]
    positions: Mapping[Partition, int]


class Stretch:
    """Reads `[first, end)` of each partition in `ranges`. Use as a context manager; `read` may be called again.

    Raises UnavailableError, also for records that are gone. Offsets that hold no record (markers, gaps) are passed, and
    so are batches that cannot be read: the live consumers put those on record; `broken` counts them. Who needs the
    `whole` of it (a backup, an export) gets UnavailableError there instead.
    """

    def __init__(self, bootstrap: str, *, whole: bool = False) -> None:
        self._bootstrap, self._whole, self._consumer = bootstrap, whole, Consumer(_config(bootstrap))
        self._left: dict[Partition, int] = {}
        self._next: dict[Partition, int] = {}
        self.broken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()

    def ranges(self, topics: Sequence[str]) -> dict[Partition, tuple[int, int]]:
        """First and next offset of every partition of these topics, now. Raises NotFoundError, UnavailableError."""
        try:
            parts = [part for topic in topics for part in self._partitions(topic)]
            return {part: marks(self._consumer, TopicPartition(*part)) for part in parts}
        except KafkaException as error:
            raise unanswered(self._consumer, error) from error

    def since(self, ranges: Ranges, ms: int) -> dict[Partition, tuple[int, int]]:
        """What of these ranges was written from `ms` on (milliseconds). Raises UnavailableError."""
        asked = [TopicPartition(*part, ms) for part in ranges]
        try:
            found = self._consumer.offsets_for_times(asked, timeout=ANSWER_S) if asked else []
        except KafkaException as error:
            raise unanswered(self._consumer, error) from error
        firsts = {(at.topic, at.partition): at.offset for at in found}
        return {part: (end if firsts[part] < 0 else firsts[part], end) for part, (_, end) in ranges.items()}

    def read(self, ranges: Ranges, size: int = BATCH) -> Iterator[Piece]:
        """The records, up to `size` at a time; at least one piece a second, even where nothing has come."""
        self._left = {part: end for part, (first, end) in ranges.items() if first < end}
        self._next = {part: ranges[part][0] for part in self._left}
        asked = heard = self._ask()
        todo = sum(end - first for first, end in ranges.values())
        while self._left:
            messages = self._take_up_to(min(size, todo), _LINGER_S if size > BATCH else 0)
            todo = max(BATCH, todo - len(messages))  # at least, for not every offset holds a record
            now = time.monotonic()
            asked, heard = (now, now) if messages else (asked, heard)
            if now - heard > PATIENCE_S:
                raise UnavailableError(f"Kafka has said nothing for {PATIENCE_S:g} s.")
            if now - asked > AGAIN_S:
                asked = self._ask()
            yield self._piece(messages)

    def _ask(self) -> float:
        """For what is left; when that was."""
        places = [TopicPartition(*part, self._next[part]) for part in self._left]
        self._consumer.assign(places)
        self._consumer.resume(places)  # a pause outlives an assignment
        return time.monotonic()

    def _take_up_to(self, size: int, wait_s: float) -> list[Message]:
        first = self._consumer.poll(1.0)
        # Not `if first`: a message is as long as its value, and so an empty one is false.
        return [] if first is None else [first, *self._consumer.consume(max(1, size - 1), wait_s)]

    def _piece(self, messages: Sequence[Message]) -> Piece:
        positions: dict[Partition, int] = {}
        records = [record for message in messages if (record := self._take(message, positions))]
        return Piece(records, positions)

    def _take(self, message: Message, positions: dict[Partition, int]) -> Raw | None:
        part, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
        if part not in self._left:
            return None
        if error := message.error():
            self._reach(part, self._behind(part, offset, error), positions)
            return None
        if offset < self._next[part]:  # asked for twice
            return None
        self._reach(part, offset + 1, positions)
        return raw(message) if offset < positions[part] else None

    def _behind(self, part: Partition, offset: int, error: KafkaError) -> int:
        """Where to go on: at the end, which may lie behind offsets that hold no record, or behind a broken batch."""
        if error.code() == KafkaError._PARTITION_EOF:
            return self._left[part]
        from infra.kafka.lookahead import CODES, batch_end  # a second client, which nobody needs before

        if self._whole or error.code() not in CODES:
            raise UnavailableError(f"Kafka did not go on with {part[0]}: {error.str()}")
        self.broken += 1
        end = batch_end(self._bootstrap, part, offset)
        self._consumer.seek(TopicPartition(*part, end))
        return end

    def _reach(self, part: Partition, offset: int, positions: dict[Partition, int]) -> None:
        positions[part] = self._next[part] = min(offset, self._left[part])
        if offset >= self._left[part]:
            self._finish(part)

    def _finish(self, part: Partition) -> None:
        del self._left[part]
        self._consumer.pause([TopicPartition(*part)])

    def _partitions(self, topic: str) -> list[Partition]:
        found = self._consumer.list_topics(timeout=ANSWER_S).topics
        if topic not in found or not found[topic].partitions:
            names = ", ".join(sorted(name for name in found if not name.startswith("__")))
            hint = f"There are: {names}." if names else "`swipestream topics apply` makes them."
            raise NotFoundError(f"There is no topic {topic}.", hint=hint)
        return [(topic, number) for number in sorted(found[topic].partitions)]


def _config(bootstrap: str) -> dict[str, object]:
    return lasting(bootstrap) | {
        "group.id": "stretch-without-a-group",  # librdkafka insists on a name; nothing is ever committed under it
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "check.crcs": True,
        "queued.max.messages.kbytes": 32_768,
    }
