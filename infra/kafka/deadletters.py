"""Dead letters: the original bytes and headers of a record that could not be handled, and why."""

from __future__ import annotations

import time
from concurrent.futures import Future

from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw
from infra.telemetry import logs, metrics
from schemas.topics import dead_topic

log = logs.get("kafka.dead")

#: Headers that a dead letter adds to the record's own.
PREFIX = "dl_"


def reasons(consumer: str, record: Raw, error: BaseException, attempt: int) -> list[tuple[str, bytes]]:
    """The headers that say where the record comes from and why it is here."""
    fields = {
        "reason": type(error).__name__,
        "message": str(error)[:2000],
        "consumer": consumer,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "attempt": attempt,
        "failed_at_ms": int(time.time() * 1000),
    }
    return [(PREFIX + name, str(value).encode()) for name, value in fields.items()]


def send(producer: EventProducer, consumer: str, record: Raw, error: BaseException, attempt: int = 1) -> Future[None]:
    """Put a record into the consumer's dead-letter topic. The future ends when the broker has it."""
    own = [(name, value or b"") for name, value in record.headers if not name.startswith(PREFIX)]
    metrics.DEAD_LETTERS.labels(consumer=consumer, reason=type(error).__name__).inc()
    log.warning(
        "dead letter", reason=type(error).__name__, why=str(error), topic=record.topic,
        partition=record.partition, offset=record.offset,
    )  # fmt: skip
    return producer.send_raw(
        dead_topic(consumer), record.key, record.value, [*own, *reasons(consumer, record, error, attempt)]
    )
