"""A record as it was read, whatever client read it, and the same record decoded."""

from __future__ import annotations

from dataclasses import dataclass
from operator import methodcaller

from confluent_kafka import Message

from schemas import base, codec
from schemas.envelope import Envelope

RawHeaders = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, kw_only=True)
class Raw:
    """Bytes and coordinates."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders

    def decode(self) -> Envelope[base.Message]:
        """The envelope. Raises a leaf of `schemas.errors.DecodeError`."""
        return codec.decode(self.topic, self.key, self.value, self.headers)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A decoded record and where it stands. `attempt` counts from 1: higher when it comes back from a retry topic."""

    raw: Raw
    envelope: Envelope[base.Message]
    attempt: int = 1

    @property
    def topic(self) -> str:
        """The topic that it was read from."""
        return self.raw.topic

    @property
    def partition(self) -> int:
        """Its partition."""
        return self.raw.partition

    @property
    def offset(self) -> int:
        """Its offset."""
        return self.raw.offset

    @property
    def timestamp_ms(self) -> int:
        """When it was appended or created, in milliseconds."""
        return self.raw.timestamp_ms


def raw(message: Message) -> Raw:
    """The record of a confluent-kafka message that has no error."""
    return Raw(
        topic=message.topic() or "",
        partition=_known(message.partition()),
        offset=_known(message.offset()),
        timestamp_ms=message.timestamp()[1],
        key=_bytes(message.key()),
        value=_bytes(message.value()),
        headers=tuple(_pairs(message)),
    )


#: Python calls a method of C that it has called often without asking whether an error was left behind; this asks.
_headers = methodcaller("headers")


def _pairs(message: Message) -> list[tuple[str, bytes | None]]:
    """As librdkafka has them; none where a name is not text: whoever decodes the record then misses them."""
    try:
        return _headers(message) or []
    except (SystemError, UnicodeDecodeError):  # the client makes names of UTF-8 alone, and fails in its own way
        return []


def _known(number: int | None) -> int:
    """The stubs allow None, which only a message that was never sent has."""
    if number is None:
        raise ValueError("the message has no coordinates")
    return number


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
