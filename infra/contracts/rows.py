"""A record as one line of JSON: its place, its headers, its fields. A record that cannot be read is a row as well."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.contracts.columns import ENVELOPE
from infra.kafka.records import Raw
from schemas.documents.headers import HEADERS
from schemas.errors import DecodeError, InvalidPayloadError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KNOWN = frozenset(header.name for header in HEADERS)
_MANY_DIGITS = re.compile(r"[0-9]{19}")
_INT64 = range(-(1 << 63), 1 << 63)


def row(record: Raw) -> tuple[bytes, str | None]:
    """The line of a record, and why it could not be read (the class of the error), or None."""
    place = _place(record)
    try:
        data = record.decode().data.model_dump_json()
        _check_numbers(data)
    except DecodeError as error:
        told = {"_error": f"{type(error).__name__}: {error}", "_value": _text(record.value)}
        return _line(place | told), type(error).__name__
    return _line(place)[:-2] + b"," + data[1:].encode() + b"\n", None


def _place(record: Raw) -> dict[str, Any]:
    headers = {name: _text(value) for name, value in record.headers}
    return {
        "_topic": record.topic,
        "_partition": record.partition,
        "_offset": record.offset,
        "_timestamp": (_EPOCH + timedelta(milliseconds=record.timestamp_ms)).isoformat(),
        "_key": _text(record.key),
        "_headers": {name: value for name, value in headers.items() if name not in _KNOWN},
        **{name: headers.get(name) for name in ENVELOPE},
        "ce_time": _time(headers.get("ce_time")),
        "ce_causationtime": _time(headers.get("ce_causationtime")),
    }


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _time(text: str | None) -> str | None:
    """None for what is no time: the reason stands in `_error`."""
    try:
        given = datetime.fromisoformat(text or "")
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None


def _check_numbers(data: str) -> None:
    """A contract bounds few integers, a column holds 64 bits. Looks inside only where a number could be as long."""
    if _MANY_DIGITS.search(data):
        json.loads(data, parse_int=_int64)


def _int64(digits: str) -> int:
    if int(digits) not in _INT64:
        raise InvalidPayloadError(f"{digits[:40]} does not fit into 64 bits")
    return int(digits)
