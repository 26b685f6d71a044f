"""What an operator decides, into the log."""

from __future__ import annotations

from collections.abc import Iterable

from infra.kafka.producer import EventProducer
from schemas.base import Message
from schemas.envelope import Envelope


def publish(kafka: str, envelopes: Iterable[Envelope[Message]]) -> None:
    """Returns when the broker has every one. Raises UnavailableError."""
    producer = EventProducer(kafka, "operator")
    try:
        producer.publish_all([(envelope, None) for envelope in envelopes])
    finally:
        producer.close()
