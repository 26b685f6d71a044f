"""A schema in words, for people: types, bounds and defaults as cells of a Markdown table."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from pydantic import StringConstraints

from schemas.base import PERSONAL_DATA, Uuid
from schemas.documents.json_schema import Schema
from schemas.values import Sha256

_NAMED = {
    next(str(mark.pattern) for mark in get_args(alias) if isinstance(mark, StringConstraints)): name
    for alias, name in ((Uuid, "UUID"), (Sha256, "SHA-256 in hex"))
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
#: A prefix that says in words what the mark says already.
_SAID = re.compile(r"^personal data(: |$)")


def kind(schema: Schema) -> str:
    """The type of a field: `integer ≥ 0`, `list of [Word](#word)`, `text or null`."""
    if "$ref" in schema:
        return f"[{schema['$ref']}](#{schema['$ref'].lower()})"
    if options := schema.get("anyOf"):
        return " or ".join(kind(option) for option in options)
    if values := schema.get("enum"):
        return " or ".join(cell(value) for value in values)
    return _plain(schema)


def described(schema: Schema) -> str:
    """What a field says, with the mark on personal data."""
    told = _SAID.sub("", schema.get("description", ""))
    mark = ["**personal data**"] if schema.get(PERSONAL_DATA) else []
    return _escaped("; ".join([*mark, told] if told else mark))


def cell(value: Any) -> str:
    """A JSON value as code."""
    return f"`{_escaped(json.dumps(value, ensure_ascii=False))}`"


def _plain(schema: Schema) -> str:
    name = schema.get("type")
    if name == "string":
        return _text(schema)
    if name == "array":
        return f"list of {kind(schema['items'])}{_length(schema, 'Items', '')}"
    if name == "object":
        of = schema.get("additionalProperties") or {}
        return f"map of text to {kind(of) if of else 'anything'}{_length(schema, 'Properties', '')}"
    bounds = [f"{sign} {schema[keyword]:,}" for keyword, sign in _BOUNDS.items() if keyword in schema]
    return " ".join([str(name), ", ".join(bounds)]).strip()


def _text(schema: Schema) -> str:
    pattern = schema.get("pattern", r"\S")
    if pattern in _NAMED:
        return _NAMED[pattern]
    return "text" + (f" `{_escaped(pattern)}`" if pattern != r"\S" else "") + _length(schema, "Length", " characters")


def _length(schema: Schema, what: str, unit: str) -> str:
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    if high is None:
        return f", at least {low}{unit}" if low else ""
    return f", {low} to {high:,}{unit}" if low else f", up to {high:,}{unit}"


def _escaped(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
