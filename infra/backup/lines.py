"""A record as one line of JSON, and back, byte for byte. Pure.

`{"o": offset, "t": timestamp in ms, "k": key, "v": value, "h": [[name, value], …]}`. Keys, values and values of headers
are text where the bytes are UTF-8, `{"b64": …}` where they are not, and null where there are none.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from infra.backup.errors import BrokenBackupError
from infra.kafka.records import Raw

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def line(record: Raw) -> bytes:
    """The line of a record, with its line feed."""
    headers = [(name, _text(value)) for name, value in record.headers]
    fields = {"o": record.offset, "t": record.timestamp_ms, "k": _text(record.key), "v": _text(record.value)}
    return _encode(fields | {"h": headers}).encode() + b"\n"


def record(topic: str, partition: int, text: bytes) -> Raw:
    """The record of a line. Raises BrokenBackupError."""
    try:
        fields = json.loads(text)
        return Raw(
            topic=topic, partition=partition, offset=fields["o"], timestamp_ms=fields["t"],
            key=_bytes(fields["k"]), value=_bytes(fields["v"]),
            headers=tuple((name, _bytes(value)) for name, value in fields["h"]),
        )  # fmt: skip
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BrokenBackupError(f"A line of {topic}/{partition} is no record: {error}") from error


def _text(value: bytes | None) -> str | dict[str, str] | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def _bytes(value: str | Mapping[str, Any] | None) -> bytes | None:
    if value is None or isinstance(value, str):
        return None if value is None else value.encode()
    return base64.b64decode(value["b64"], validate=True)
