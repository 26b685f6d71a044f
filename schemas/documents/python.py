"""Python types of every message, of what is inside them, and of the gateway's frames, for the Python client."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import BaseModel

from schemas.documents import gateway
from schemas.documents.catalogue import Registry, newest
from schemas.documents.json_schema import Schema
from schemas.documents.shapes import shapes

FILE = "clients/python/swipestream_client/contracts.py"
_HEAD = '''\
"""Made by `swipestream contracts generate` from the contracts in schemas/. Do not edit.

A field that is not required may be missing: from records older than the field, or where a frame leaves it out.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict
'''
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def documents(registry: Registry) -> dict[str, str]:
    """Path → text."""
    models = [*newest(registry), *gateway.REQUESTS, *gateway.FRAMES]
    declared = [_declaration(name, schema) for name, schema in shapes(models, "{model}").items()]
    spoken = [_union("GatewayRequest", gateway.REQUESTS), _union("GatewayFrame", gateway.FRAMES)]
    return {FILE: "\n\n".join([_HEAD, *declared]) + "\n\n" + "\n".join(spoken)}


def type_of(schema: Schema) -> str:
    """The type of one value."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "const" in schema:
        return f"Literal[{json.dumps(schema['const'])}]"
    if options := schema.get("anyOf"):
        return " | ".join(dict.fromkeys(type_of(option) for option in options))
    if values := schema.get("enum"):
        return f"Literal[{', '.join(json.dumps(value) for value in values)}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{type_of(schema['items'])}]"
    if kind == "object":
        return f"dict[str, {type_of(schema.get('additionalProperties') or {})}]"
    return _PLAIN.get(str(kind), "object")


def _declaration(name: str, schema: Schema) -> str:
    description = _text(schema.get("description"))
    if "properties" not in schema:
        return f"#: {description}\n{name}: TypeAlias = {type_of(schema)}\n"
    required = schema.get("required", ())
    fields = [_field(own, field, own in required) for own, field in schema["properties"].items()]
    return f'class {name}(TypedDict):\n    """{description}"""\n\n{"".join(fields)}'


def _field(name: str, schema: Schema, required: bool) -> str:
    comment = f"    #: {_text(schema['description'])}\n" if schema.get("description") else ""
    kind = type_of(schema)
    return f"{comment}    {name}: {kind if required else f'NotRequired[{kind}]'}\n"


def _text(description: str | None) -> str:
    return " ".join((description or "").split()) or "See the reference of events."


def _union(name: str, models: Iterable[type[BaseModel]]) -> str:
    return f"{name}: TypeAlias = {' | '.join(model.__name__ for model in models)}\n"
