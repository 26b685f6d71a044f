"""TypeScript types of every message, of what is inside them, and of the gateway's frames. Types alone, no code."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import BaseModel

from schemas.documents import gateway
from schemas.documents.catalogue import Registry, messages_on, newest
from schemas.documents.json_schema import Schema
from schemas.documents.shapes import shapes
from schemas.topics import TOPICS

FILE = "clients/typescript/src/contracts.ts"
_HEAD = """\
// Made by `swipestream contracts generate` from the contracts in schemas/. Do not edit.
// A field with `?` may be missing: from records older than the field, or where a frame leaves it out.
"""
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def documents(registry: Registry) -> dict[str, str]:
    """Path → text."""
    models = [*newest(registry), *gateway.REQUESTS, *gateway.FRAMES]
    declared = [_declaration(name, schema) for name, schema in shapes(models, "{model}").items()]
    return {FILE: "\n".join([_HEAD, *declared, _by_topic(registry), *_spoken()])}


def type_of(schema: Schema) -> str:
    """The type of one value."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if options := schema.get("anyOf"):
        return " | ".join(type_of(option) for option in options)
    if values := schema.get("enum"):
        return " | ".join(json.dumps(value) for value in values)
    kind = schema.get("type")
    if kind == "array":
        return _array(schema)
    if kind == "object":
        return f"Record<string, {type_of(schema.get('additionalProperties') or {})}>"
    return _PLAIN.get(str(kind), "unknown")


def _array(schema: Schema) -> str:
    item, length = type_of(schema["items"]), schema.get("minItems")
    if length and length == schema.get("maxItems"):
        return f"[{', '.join([item] * length)}]"
    return f"({item})[]" if "|" in item else f"{item}[]"


def _declaration(name: str, schema: Schema) -> str:
    comment = _comment(schema.get("description"), "")
    if "properties" not in schema:
        return f"{comment}export type {name} = {type_of(schema)};\n"
    required = schema.get("required", ())
    fields = [
        f"{_comment(field.get('description'), '  ')}  {own}{'' if own in required else '?'}: {type_of(field)};\n"
        for own, field in schema["properties"].items()
    ]
    return f"{comment}export interface {name} {{\n{''.join(fields)}}}\n"


def _comment(description: str | None, indent: str) -> str:
    if not description:
        return ""
    lines = description.replace("*/", "* /").split("\n")
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return "\n".join([f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]) + "\n"


def _by_topic(registry: Registry) -> str:
    held = {topic.name: [model.TYPE for model in messages_on(topic, registry)] for topic in TOPICS.values()}
    lines = [f'  "{topic}": {" | ".join(names)};\n' for topic, names in held.items() if names and TOPICS[topic].family]
    return f"/** What each topic holds. */\nexport interface Topics {{\n{''.join(lines)}}}\n"


def _spoken() -> list[str]:
    return [
        _union("GatewayRequest", "What a client may say to the gateway.", gateway.REQUESTS),
        _union("GatewayFrame", "What the gateway says: one of these, or an array of them.", gateway.FRAMES),
    ]


def _union(name: str, description: str, models: Iterable[type[BaseModel]]) -> str:
    return f"/** {description} */\nexport type {name} = {' | '.join(model.__name__ for model in models)};\n"
