"""Bytes to envelopes and back: JSON value, CloudEvents 1.0 binary-mode headers (Kafka protocol binding 1.0.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pydantic import ValidationError

from schemas import errors
from schemas.base import REGISTRY, Message
from schemas.envelope import Envelope
from schemas.topics import TOPICS
from schemas.upcasters import upcast

PREFIX = "swipestream."
SCHEMA = "urn:swipestream:schema:{type}:{version}"
_SCHEMA = re.compile(r"^urn:swipestream:schema:([A-Za-z]+):([0-9]{1,4})$")
#: W3C trace context, level 1.
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_NEWEST: dict[str, int] = {}

Headers = Mapping[str, bytes | str | None] | Iterable[tuple[str, bytes | str | None]] | None


@dataclass(frozen=True, kw_only=True)
class Record:
    """What goes to Kafka. `slot`: see `Message.slot`."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    slot: int | None = None


def encode(envelope: Envelope[Message], topic: str | None = None) -> Record:
    """The record of an envelope. `topic` is needed only for families with several topics (the lanes)."""
    data = envelope.data
    kind, schema = _names(type(data))
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.id.encode()),
        ("ce_type", kind),
        ("ce_source", envelope.source.encode()),
        ("ce_time", envelope.time.isoformat().encode()),
        ("ce_dataschema", schema),
        ("ce_correlationid", envelope.correlation_id.encode()),
    ]
    if envelope.causation_id is not None:
        headers.append(("ce_causationid", envelope.causation_id.encode()))
    if envelope.caused_at is not None:
        headers.append(("ce_causationtime", envelope.caused_at.isoformat().encode()))
    if envelope.traceparent is not None:
        headers.append(("traceparent", envelope.traceparent.encode()))
    return Record(
        topic=topic or data.FAMILY,
        slot=data.slot,
        key=data.key.encode(),
        value=data.model_dump_json().encode(),
        headers=headers,
    )


@cache
def _names(contract: type[Message]) -> tuple[bytes, bytes]:
    """How a contract and its schema are called in headers."""
    schema = SCHEMA.format(type=contract.TYPE, version=contract.VERSION)
    return (PREFIX + contract.TYPE).encode(), schema.encode()


def decode(topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> Envelope[Message]:
    """The envelope of a record. Raises a leaf of `DecodeError` that says what is wrong, and nothing else."""
    if not value:
        raise errors.EmptyRecordError(f"{topic}: the record has no value")
    if not key:
        raise errors.MissingKeyError(f"{topic}: the record has no key")
    fields = _Headers(topic, headers)
    data, own = _payload(topic, fields, value), fields.text("ce_id")
    if data.key.encode() != key:
        raise errors.KeyMismatchError(f"{topic}: the key is {key[:64]!r}, the contract says {data.key!r}")
    return Envelope(
        id=own,
        source=fields.text("ce_source"),
        data=data,
        correlation_id=fields.optional("ce_correlationid") or own,
        causation_id=fields.optional("ce_causationid"),
        caused_at=fields.caused_at(),
        traceparent=fields.traceparent(),
        time=fields.time(),
    )


def _payload(topic: str, fields: _Headers, value: bytes) -> Message:
    name, version = fields.schema()
    model = _model(topic, name, version)
    family = TOPICS[topic].family if topic in TOPICS else topic
    if family and family != model.FAMILY:
        raise errors.WrongTopicError(f"{name} belongs on {model.FAMILY}, not on {topic}")
    try:
        if version == model.VERSION:
            return model.model_validate_json(value)
        return model.model_validate(upcast(name, version, value))
    except (ValueError, LookupError, TypeError, AttributeError) as error:  # the last three from an upcaster
        raise errors.InvalidPayloadError(f"{name} v{version}: {_first(error)}") from error


def _model(topic: str, name: str, version: int) -> type[Message]:
    """The newest model of a name; older versions are lifted to it."""
    if not _NEWEST:
        for known, number in REGISTRY:
            _NEWEST[known] = max(number, _NEWEST.get(known, 0))
    newest = _NEWEST.get(name)
    if newest is None:
        raise errors.UnknownTypeError(f"{topic}: there is no contract {name!r}")
    if version not in range(1, newest + 1):
        raise errors.UnknownVersionError(f"{name} is known up to version {newest}, the record has {version}")
    return REGISTRY[(name, newest)]


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    detail = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, detail['loc'])) or 'value'}: {detail['msg']}"


#: (ce_type, ce_dataschema) as they are on the wire -> name and version, for pairs that agree. Bounded by the contracts.
_AGREED: dict[tuple[str, str], tuple[str, int]] = {}


class _Headers:
    def __init__(self, topic: str, headers: Headers) -> None:
        self._topic = topic
        pairs = dict(headers or {})
        self._values: dict[str, bytes | str | None]
        try:
            # All at once: nine times one by one is a third of what it costs to decode a small event.
            self._values = {name: value.decode() if type(value) is bytes else value for name, value in pairs.items()}
        except UnicodeDecodeError:
            self._values = pairs  # perhaps a header of somebody else's: what counts is which of them is asked for

    def optional(self, name: str) -> str | None:
        value = self._values.get(name)
        if not isinstance(value, bytes):
            return value
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise errors.MissingHeaderError(f"{self._topic}: header {name} is not text") from error

    def text(self, name: str) -> str:
        value = self.optional(name)
        if not value:
            raise errors.MissingHeaderError(f"{self._topic}: header {name} is missing")
        return value

    def schema(self) -> tuple[str, int]:
        kind, schema = self.text("ce_type"), self.text("ce_dataschema")
        if agreed := _AGREED.get((kind, schema)):
            return agreed
        found = _SCHEMA.match(schema)
        if not found or kind != PREFIX + found[1]:
            raise errors.UnknownTypeError(f"{self._topic}: {kind!r} with {schema!r}")
        agreed = found[1], int(found[2])
        if agreed in REGISTRY:
            _AGREED[kind, schema] = agreed
        return agreed

    def traceparent(self) -> str | None:
        value = self.optional("traceparent")
        return value if value and _TRACEPARENT.match(value) else None

    def caused_at(self) -> datetime | None:
        """None for what is no moment, too: nothing but spans depends on it."""
        try:
            found = datetime.fromisoformat(self.optional("ce_causationtime") or "")
        except ValueError:
            return None
        return found if found.tzinfo else None

    def time(self) -> datetime:
        try:
            return datetime.fromisoformat(self.text("ce_time"))
        except ValueError as error:
            raise errors.MissingHeaderError(f"{self._topic}: ce_time is not a time") from error
