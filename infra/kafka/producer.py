"""The one producer: idempotent, bounded, acknowledged by all replicas."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import NamedTuple, cast

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from infra.ending import vital
from infra.errors import SwipestreamError, UnavailableError
from infra.kafka.connection import lasting
from infra.kafka.dealing import Dealing
from infra.telemetry import logs
from schemas import base, codec
from schemas.envelope import Envelope

log = logs.get("kafka.producer")

Headers = list[tuple[str, str | bytes | None]]

#: librdkafka chooses the partition by the key.
PARTITION_UA = -1
#: Records that may wait for the broker. Beyond it, sending fails at once instead of eating memory.
QUEUE = 20_000
#: Bytes of a record: with what a batch adds it is below `max_bytes` of the topics that take records of others.
LARGEST = 2_000_000
#: Seconds that the broker has to say how many partitions a topic has.
ASK_S = 1.0


class TooLargeError(SwipestreamError):
    """The record is larger than Kafka takes."""


class Outgoing(NamedTuple):
    """Bytes on their way. A `value` of None is a tombstone; without a `partition` the key chooses it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partition: int | None = None


class EventProducer:
    """Publishes envelopes. Thread-safe; one per process is enough.

    `delivery_s` is how long a record is retried before its delivery counts as failed.
    """

    def __init__(self, bootstrap: str, client_id: str, *, delivery_s: float = 30.0) -> None:
        self._delivery_s = delivery_s
        self._producer = Producer(
            lasting(bootstrap)
            | {
                "client.id": client_id,
                "enable.idempotence": True,
                # One request at a time. Were the first of two refused while a broker comes back, and the second taken,
                # librdkafka would take both for delivered: acknowledged, and lost (confluent-kafka-go #921).
                "max.in.flight": 1,
                "acks": "all",
                "linger.ms": 1,
                "compression.type": "lz4",
                "message.max.bytes": LARGEST,
                "message.timeout.ms": int(delivery_s * 1000),
                "queue.buffering.max.messages": QUEUE,
            }
        )
        self._dealing = Dealing(self._partitions)
        self._stop = threading.Event()
        self._poller = vital(self._poll, "producer-poll")
        self._poller.start()

    def _poll(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(0.1)
            self._dealing.refresh()

    def _partitions(self, topic: str) -> int:
        try:
            return len(self._producer.list_topics(topic, timeout=ASK_S).topics[topic].partitions)
        except KafkaException:
            return 0

    def outgoing(self, envelope: Envelope[base.Message], topic: str | None = None) -> Outgoing:
        """The bytes of an envelope."""
        record = codec.encode(envelope, topic)
        place = self._dealing.partition(record.topic, record.slot)
        return Outgoing(record.topic, record.key, record.value, record.headers, place)

    def send(self, envelope: Envelope[base.Message], topic: str | None = None) -> Future[None]:
        """Queue one record. The future ends when the broker has it. Raises UnavailableError when the queue is full, and
        TooLargeError."""
        record = self.outgoing(envelope, topic)
        return self.send_raw(record.topic, record.key, record.value, record.headers, partition=record.partition)

    def send_raw(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        *,
        partition: int | None = None,
    ) -> Future[None]:
        """Queue bytes as they are (dead letters, redrive, replay). Raises as `send`."""
        done = _sent()
        try:
            self._producer.produce(
                topic, value, key, headers=list(headers), on_delivery=lambda error, _message: _end(done, error),
                partition=PARTITION_UA if partition is None else partition,
            )  # fmt: skip
        except (BufferError, KafkaException) as error:
            raise _refused(topic, error) from error
        return done

    def send_all(self, records: Sequence[Outgoing]) -> Future[None]:
        """Queue many at once. The future ends when the broker has every one, or with the first error.

        It costs a tenth of what as many futures cost. Raises UnavailableError when the queue is full: some may be on
        their way then.
        """
        count = _Countdown(len(records))
        for topic, key, value, headers, partition in records:
            try:
                self._producer.produce(
                    topic, value, key, headers=cast(Headers, headers), on_delivery=count.report,
                    partition=PARTITION_UA if partition is None else partition,
                )  # fmt: skip
            except (BufferError, KafkaException) as error:
                raise _refused(topic, error) from error
        return count.done

    def publish_all(self, envelopes: Iterable[tuple[Envelope[base.Message], str | None]], timeout: float = 30) -> None:
        """Send and wait until the broker has every one. Raises UnavailableError."""
        for future in [self.send(envelope, topic) for envelope, topic in envelopes]:
            try:
                future.result(timeout)
            except FutureTimeoutError as error:
                raise UnavailableError(f"Kafka did not acknowledge a record within {timeout:g} s.") from error

    async def publish(
        self, envelope: Envelope[base.Message], topic: str | None = None, *, timeout: float = 5.0
    ) -> None:
        """Send and wait for the broker's acknowledgement. Raises UnavailableError."""
        try:
            await asyncio.wait_for(asyncio.wrap_future(self.send(envelope, topic)), timeout)
        except TimeoutError as error:
            raise UnavailableError(f"Kafka did not acknowledge a record within {timeout:g} s.") from error

    def flush(self, timeout: float = 10.0) -> int:
        """Wait for what is queued; the number of records still waiting."""
        return int(self._producer.flush(timeout))

    def close(self, timeout: float = 5.0) -> None:
        """Flush and stop."""
        left = self.flush(timeout)
        if left:
            log.warning("records not delivered at close", count=left)
        self._stop.set()
        self._poller.join(1)


def _refused(topic: str, error: Exception) -> SwipestreamError:
    cause = error.args[0] if isinstance(error, KafkaException) else None
    return _failed(cause, f"Kafka did not take a record for {topic}: {error}")


def _failed(error: KafkaError | None, told: str) -> SwipestreamError:
    """Waiting helps against all but the size of a record."""
    if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return TooLargeError(told)
    return UnavailableError(told, hint="Is Kafka up? Try again in a moment.")


def _sent() -> Future[None]:
    """Nobody can cancel it: a record on its way cannot be taken back, and where a caller gave up in the very moment of
    the report, the thread that reports would end."""
    done: Future[None] = Future()
    done.set_running_or_notify_cancel()
    return done


def _end(done: Future[None], error: KafkaError | None) -> None:
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(_failed(error, f"Kafka did not take a record: {error.str()}"))


class _Countdown:
    """One future for many deliveries. Reports come from the thread that polls, or from one that flushes."""

    def __init__(self, count: int) -> None:
        self.done = _sent()
        self._left, self._lock = count, threading.Lock()
        self._error: KafkaError | None = None
        if not count:
            self.done.set_result(None)

    def report(self, error: KafkaError | None, _message: Message) -> None:
        with self._lock:
            self._left -= 1
            self._error = self._error or error
            if self._left:
                return
        _end(self.done, self._error)
