"""The headers of every record: CloudEvents 1.0 in Kafka's binary mode, the chain from cause to effect, the trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.base import Message
from schemas.codec import PREFIX, SCHEMA


@dataclass(frozen=True, kw_only=True)
class Header:
    """One header. Its value is UTF-8 text."""

    name: str
    description: str
    required: bool = True
    schema: dict[str, Any]


_TEXT = {"type": "string", "minLength": 1}

HEADERS = (
    Header(name="content-type", description="always `application/json`", schema={"const": "application/json"}),
    Header(name="ce_specversion", description="CloudEvents version", schema={"const": "1.0"}),
    Header(name="ce_id", description="the event's id: two records with the same id are one event", schema=_TEXT),
    Header(name="ce_type", description="`swipestream.` and the message's name", schema=_TEXT),
    Header(name="ce_source", description="which part of the system wrote it", schema=_TEXT),
    Header(
        name="ce_time", description="when it was written, ISO 8601 in UTC",
        schema={"type": "string", "format": "date-time"},
    ),
    Header(
        name="ce_dataschema", description="message and version: `urn:swipestream:schema:<Type>:<N>`",
        schema={"type": "string", "pattern": "^urn:swipestream:schema:[A-Za-z]+:[0-9]{1,4}$"},
    ),
    Header(name="ce_correlationid", description="id of the prompt or swipe that everything began with", schema=_TEXT),
    Header(name="ce_causationid", description="id of the direct cause", required=False, schema=_TEXT),
    Header(
        name="ce_causationtime", description="when the direct cause was written, ISO 8601 in UTC", required=False,
        schema={"type": "string", "format": "date-time"},
    ),
    Header(name="traceparent", description="W3C trace context", required=False, schema=_TEXT),
)  # fmt: skip


def common() -> dict[str, Any]:
    """The JSON Schema of the headers of any record."""
    return {
        "type": "object",
        "description": "CloudEvents 1.0 headers in Kafka's binary mode.",
        "properties": {
            header.name: {"type": "string"} | header.schema | {"description": header.description} for header in HEADERS
        },
        "required": [header.name for header in HEADERS if header.required],
    }


def fixed(model: type[Message]) -> dict[str, Any]:
    """The headers that are the same for every record of one message."""
    return {
        "properties": {
            "ce_type": {"const": PREFIX + model.TYPE},
            "ce_dataschema": {"const": SCHEMA.format(type=model.TYPE, version=model.VERSION)},
        }
    }
