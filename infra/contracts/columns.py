"""The columns of an exported topic: its place in Kafka, its headers, and every field of what it holds.

Names that begin with `_` or `ce_`, and `traceparent`, are ours; no contract has such a field.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.base import Message
from schemas.documents.shapes import shapes

Schema = dict[str, Any]

#: Where the record is, named as ClickHouse names it; `_headers` are those of no other column; `_error` says why a
#: record could not be read, and `_value` is its text then.
PLACE = {
    "_topic": "VARCHAR",
    "_partition": "INTEGER",
    "_offset": "BIGINT",
    "_timestamp": "TIMESTAMPTZ",
    "_key": "VARCHAR",
    "_headers": "MAP(VARCHAR, VARCHAR)",
    "_error": "VARCHAR",
    "_value": "VARCHAR",
}
ENVELOPE = {
    "ce_id": "VARCHAR",
    "ce_type": "VARCHAR",
    "ce_source": "VARCHAR",
    "ce_time": "TIMESTAMPTZ",
    "ce_dataschema": "VARCHAR",
    "ce_correlationid": "VARCHAR",
    "ce_causationid": "VARCHAR",
    "ce_causationtime": "TIMESTAMPTZ",
    "traceparent": "VARCHAR",
}
_PLAIN = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
#: Holds any value; the type of a field that means different things in different messages.
ANY = "JSON"


def columns(models: Iterable[type[Message]]) -> dict[str, str]:
    """Name → DuckDB type, of all columns in their order."""
    models = list(models)
    found = shapes(models, "{model}")
    fields: dict[str, str] = {}
    for model in models:
        for name, schema in found[model.TYPE]["properties"].items():
            kind = type_of(schema, found)
            fields[name] = _common(fields.get(name, kind), kind)
    return PLACE | ENVELOPE | fields


def type_of(schema: Schema, found: dict[str, Schema]) -> str:
    """The DuckDB type of a value; `found` holds what references refer to."""
    if "$ref" in schema:
        return type_of(found[schema["$ref"]], found)
    if options := schema.get("anyOf"):
        kinds = {type_of(option, found) for option in options if option.get("type") != "null"}
        return kinds.pop() if len(kinds) == 1 else ANY
    kind = schema.get("type")
    if kind == "string":
        return "TIMESTAMPTZ" if schema.get("format") == "date-time" else "VARCHAR"
    if kind == "array":
        return f"{type_of(schema['items'], found)}[]"
    return _object(schema, found) if kind == "object" else _PLAIN.get(str(kind), ANY)


def _object(schema: Schema, found: dict[str, Schema]) -> str:
    if fields := schema.get("properties"):
        inner = ", ".join(f'"{name}" {type_of(field, found)}' for name, field in fields.items())
        return f"STRUCT({inner})"
    values = schema.get("additionalProperties")
    return f"MAP(VARCHAR, {type_of(values, found)})" if isinstance(values, dict) else ANY


def _common(first: str, second: str) -> str:
    if first == second:
        return first
    return "DOUBLE" if {first, second} == {"BIGINT", "DOUBLE"} else ANY
