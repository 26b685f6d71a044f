"""A tail: every partition of some topics, read without a group, handed to asyncio in order.

Nothing is committed and nobody is rebalanced: each reader keeps its own positions, so a position can be given to a
client as a resume token. The reader thread waits when the loop does not keep up, so memory stays bounded.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import Counter

from infra.ending import vital
from infra.errors import UnavailableError
from infra.kafka.connection import client, lasting
from infra.kafka.health import Health
from infra.kafka.incarnations import Incarnation, describe, identify
from infra.kafka.offsets import Partition
from infra.kafka.records import Raw, Received, raw
from infra.telemetry import logs
from schemas.errors import DecodeError

log = logs.get("kafka.tail")

SKIPPED = Counter("swipestream_tail_skipped_total", "Records that a tail could not read", ["reason"])

BATCH = 500
#: Batches that may wait for the event loop before the reader thread pauses.
WAITING = 4
#: How often it is asked whether the topics are still the same.
CHECK_S = 10.0
#: The broker no longer has what comes next: retention passed it by, or the topic was made anew.
_GONE = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError.UNKNOWN_TOPIC_ID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was read in one go, in the order of each partition.

    `positions` holds the next offset of every partition after this batch, unreadable records included. `broken` says
    that records before this batch are missing or that a topic was made anew: whoever follows must start afresh.
    `caught_up` turns true once the end of every partition has been seen.
    """

    records: Sequence[Received]
    positions: Mapping[Partition, int]
    incarnation: Incarnation
    broken: bool = False
    caught_up: bool = False


class Tail:
    """Reads `topics` from `start` (partition → offset), else from `history` offsets before the end.

    Use as an async context manager and iterate over it; iteration ends when it is closed. A broker that goes away is
    waited for; reading goes on where it stopped. `up` says whether a broker answers now.
    """

    def __init__(
        self, bootstrap: str, topics: Sequence[str], *, start: Mapping[Partition, int] | None = None, history: int = 0
    ) -> None:
        self._bootstrap, self._topics, self._history = bootstrap, list(topics), history
        self._positions: dict[Partition, int] = dict(start or {})
        self._health = Health()
        self._stop = threading.Event()
        self._batches: asyncio.Queue[Batch | None] = asyncio.Queue(WAITING)
        self._thread = vital(self._run, "tail")
        self._last: Incarnation | None = None
        self._behind: set[Partition] | None = None  # partitions whose end was not seen yet
        self._broken = False
        self._checked_at = 0.0

    @property
    def up(self) -> bool:
        """Whether a broker answers."""
        return self._health.up

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.to_thread(self._thread.join, 10)
        while not self._batches.empty():
            self._batches.get_nowait()
        self._batches.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Batch]:
        while (batch := await self._batches.get()) is not None:
            yield batch

    def _run(self) -> None:
        while not self._stop.is_set():
            self._read_until_it_breaks()

    def _read_until_it_breaks(self) -> None:
        consumer = Consumer(self._config())
        admin = AdminClient(client(self._bootstrap))
        try:
            current = self._assign(consumer, describe(consumer, admin, self._topics))
            while not self._stop.is_set() and not self._outdated(admin, current):
                self._step(consumer, current)
        except (KafkaException, UnavailableError) as error:
            log.info("waiting for kafka", why=str(error))
            self._stop.wait(1)
        finally:
            consumer.close()

    def _config(self) -> dict[str, object]:
        return lasting(self._bootstrap) | {
            "group.id": "tail-without-a-group",  # librdkafka insists on a name; nothing is ever committed under it
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "fetch.error.backoff.ms": 100,
            "fetch.queue.backoff.ms": 50,
            "queued.max.messages.kbytes": 16_384,
            **self._health.config(),
        }

    def _assign(self, consumer: Consumer, current: Incarnation) -> Incarnation:
        """Start at the known positions, new partitions of a known log at their beginning, all else near the end."""
        known = bool(self._positions)
        for partition, (low, high) in current.ranges.items():
            begin = low if known else max(low, high - self._history)
            position = self._positions.setdefault(partition, begin)
            if not low <= position <= high or self._made_anew(partition[0], current):
                self._lose(partition, position, low)
        consumer.assign([TopicPartition(topic, number, at) for (topic, number), at in self._positions.items()])
        self._behind = set(current.ranges) if self._behind is None else self._behind
        self._health.seen()
        self._last, self._checked_at = current, time.monotonic()
        self._deliver([], current)
        return current

    def _made_anew(self, topic: str, current: Incarnation) -> bool:
        return self._last is not None and self._last.ids[topic] != current.ids[topic]

    def _lose(self, partition: Partition, position: int, low: int) -> None:
        log.error("records are gone", topic=partition[0], partition=partition[1], wanted=position, first=low)
        self._positions[partition] = low
        self._broken = True

    def _outdated(self, admin: AdminClient, current: Incarnation) -> bool:
        """True when the topics have other partitions than are being read, or are not the same topics any more."""
        if time.monotonic() - self._checked_at < CHECK_S or not self.up:
            return False
        self._checked_at = time.monotonic()
        return not current.is_still(identify(admin, self._topics))

    def _step(self, consumer: Consumer, current: Incarnation) -> None:
        # poll() returns with the first record; consume(timeout=0) then takes what is there without waiting.
        first = consumer.poll(0.2)
        if first is None:
            return
        waiting = bool(self._behind)
        messages = [first, *consumer.consume(BATCH - 1, 0)]
        _check(messages)
        records = [received for message in messages if (received := self._received(message))]
        if records or (waiting and not self._behind):
            self._deliver(records, current)

    def _received(self, message: Message) -> Received | None:
        if error := message.error():
            self._noted(message, error)
            return None
        record = raw(message)
        self._positions[(record.topic, record.partition)] = record.offset + 1
        try:
            return Received(raw=record, envelope=record.decode())
        except DecodeError as unreadable:
            self._skip(record, unreadable)
            return None

    def _noted(self, message: Message, error: KafkaError) -> None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if error.code() != KafkaError._PARTITION_EOF or topic is None or partition is None or offset is None:
            log.debug("kafka", error=error.str())
            return
        # The end may lie behind markers that are no records, so it is taken as the position.
        self._positions[(topic, partition)] = offset
        (self._behind or set()).discard((topic, partition))

    def _skip(self, record: Raw, error: DecodeError) -> None:
        SKIPPED.labels(reason=type(error).__name__).inc()
        log.warning(
            "skipped", topic=record.topic, partition=record.partition, offset=record.offset, why=str(error)
        )  # fmt: skip

    def _deliver(self, records: Sequence[Received], current: Incarnation) -> None:
        batch = Batch(
            records=records,
            positions=dict(self._positions),
            incarnation=current,
            broken=self._broken,
            caught_up=not self._behind,
        )
        self._broken = False
        self._hand_over(batch)

    def _hand_over(self, batch: Batch) -> None:
        """Wait until the loop takes it, or the tail is closed."""
        if self._loop.is_closed():
            return
        handed = asyncio.run_coroutine_threadsafe(self._batches.put(batch), self._loop)
        while True:
            try:
                handed.result(0.2)
                return
            except FutureTimeoutError:
                if self._stop.is_set():
                    handed.cancel()
                    return


def _check(messages: Sequence[Message]) -> None:
    """Raises KafkaException where records are gone: describe() then finds out what is left.

    Before any position has moved, so that what came along is read again.
    """
    for message in messages:
        if (error := message.error()) and error.code() in _GONE:
            raise KafkaException(error)
