"""Personal data in a schema: which fields carry the mark, however deep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.base import PERSONAL_DATA

Schema = dict[str, Any]


def personal_fields(schema: Schema) -> list[str]:
    """The paths of all marked fields, in order: `viewer_id`, `selection.viewer_id`, `viewers[]`."""
    return list(dict.fromkeys(_marked(schema, schema.get("$defs", {}), "")))


def _marked(node: Schema, defs: dict[str, Schema], path: str) -> Iterator[str]:
    if node.get(PERSONAL_DATA):
        yield path
        return
    if ref := node.get("$ref"):
        node = defs[ref.rpartition("/")[2]]
    for inner, at in _inside(node, path):
        yield from _marked(inner, defs, at)


def _inside(node: Schema, path: str) -> Iterator[tuple[Schema, str]]:
    for name, field in node.get("properties", {}).items():
        yield field, f"{path}.{name}" if path else name
    for option in node.get("anyOf", ()):
        yield option, path
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(inner := node.get(keyword), dict):
            yield inner, path + mark
