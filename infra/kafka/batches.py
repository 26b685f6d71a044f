"""The shell of a consumer that handles records in batches: decode, handle, dead-letter, commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from infra.errors import UnavailableError
from infra.kafka import deadletters
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw, Received, raw
from infra.telemetry import logs, metrics
from schemas.errors import DecodeError

log = logs.get("kafka.batches")


class StoppedError(Exception):
    """The consumer was told to stop before the batch in hand was done."""


Handle = Callable[[Sequence[Received]], None]


def consumer_config(bootstrap: str, group: str, **more: Any) -> dict[str, Any]:
    """What every consumer of ours has in common: KIP-848 groups, manual commits, from the beginning."""
    return {
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "group.protocol": "consumer",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "reconnect.backoff.max.ms": 1000,
        "error_cb": lambda error: log.debug("kafka", error=str(error)),
        "log_level": 3,
        **more,
    }


class BatchConsumer:
    """Consumes `topics` as group `name` and hands `handle` up to `size` decoded records at a time.

    `handle` must be idempotent. When it raises UnavailableError the same batch is tried again, with backoff, until it
    passes or `stop` is called; on any other error each record is tried alone and those that fail go to `<name>.dead`.
    Offsets are committed after `handle` returns.
    """

    def __init__(
        self, bootstrap: str, name: str, topics: Sequence[str], handle: Handle, producer: EventProducer,
        *, size: int = 500, wait_s: float = 0.05,
    ) -> None:  # fmt: skip
        self._name, self._handle, self._producer = name, handle, producer
        self._size, self._wait_s = size, wait_s
        self._stop = threading.Event()
        self._consumer = Consumer(consumer_config(bootstrap, name) | {"client.id": name})
        self._consumer.subscribe(list(topics))

    def stop(self) -> None:
        """End after the batch in hand. May be called from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> None:
        """Consume until `stop`. Leaves the group on the way out."""
        try:
            while not self._stop.is_set():
                self._step()
        except StoppedError:
            log.info("stopped with a batch in hand")
        finally:
            self._consumer.close()

    def _step(self) -> None:
        records = [raw(message) for message in self._poll() if self._usable(message)]
        received = [item for record in records if (item := self._decode(record))]
        if records and (not received or self._deliver(received)):
            self._commit(records)

    def _poll(self) -> list[Message]:
        """At least one record if there is any: wait for the first, then take what is there."""
        first = self._consumer.poll(0.5)
        if first is None:
            return []
        return [first, *self._consumer.consume(self._size - 1, self._wait_s)]

    def _usable(self, message: Message) -> bool:
        if error := message.error():
            log.warning("kafka", error=error.str(), topic=message.topic())
            return False
        return True

    def _decode(self, record: Raw) -> Received | None:
        try:
            return Received(raw=record, envelope=record.decode())
        except DecodeError as error:
            self._bury(record, error)
            return None

    def _deliver(self, received: Sequence[Received]) -> bool:
        """True when the batch is done; False when `stop` came first (nothing is committed then)."""
        pause = 0.2
        while not self._stop.is_set():
            try:
                self._handle(received)
                for item in received:
                    metrics.HANDLED.labels(consumer=self._name, type=item.envelope.type).inc()
                return True
            except UnavailableError as error:
                log.warning("waiting", why=str(error), retry_in_s=pause)
                self._idle(pause)
                pause = min(pause * 2, 5.0)
            except Exception as error:
                if len(received) == 1:
                    log.exception("record put aside", type=received[0].envelope.type)
                    self._bury(received[0].raw, error)
                    return True
                return all(self._deliver([item]) for item in received)
        return False

    def _idle(self, seconds: float) -> None:
        """Wait without leaving the group: a paused consumer still polls."""
        assigned = self._consumer.assignment()
        self._consumer.pause(assigned)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stop.is_set():
            self._consumer.poll(0.1)
        self._consumer.resume(self._consumer.assignment())

    def _bury(self, record: Raw, error: Exception) -> None:
        while not self._stop.is_set():
            try:
                return deadletters.send(self._producer, self._name, record, error).result(30)
            except (UnavailableError, TimeoutError) as unavailable:
                log.warning("waiting", why=str(unavailable))
                self._idle(1)
        # Not buried, so it must not be committed either: it comes again after the restart.
        raise StoppedError

    def _commit(self, records: Sequence[Raw]) -> None:
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in ends.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            # The records come again; every handler is idempotent.
            log.warning("commit failed", error=str(error))
