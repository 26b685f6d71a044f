"""JSON Schema 2020-12 of every message and version.

A schema says what a reader must accept: a field with a default may be missing, an unknown field may be there.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from schemas.base import PERSONAL_DATA, Message
from schemas.codec import SCHEMA
from schemas.documents.catalogue import Registry, topics_of, versioned

Schema = dict[str, Any]

FOLDER = "schemas/documents/json"


class Generator(GenerateJsonSchema):
    """pydantic's own, made exact where it says less than the models ask for, and quiet where it says too much."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Text that is stripped before it is measured must hold something else than white space."""
        made = super().str_schema(schema)
        if schema.get("strip_whitespace") and schema.get("min_length"):
            made.setdefault("pattern", r"\S")
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The mark on personal data stands at the field, whether or not it may be null."""
        made = super().nullable_schema(schema)
        marks = [branch.pop(PERSONAL_DATA) for branch in made.get("anyOf", ()) if PERSONAL_DATA in branch]
        return made | {PERSONAL_DATA: True} if marks else made

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A field that is left out rather than null has no default to tell."""
        made = super().default_schema(schema)
        if made.get("default", ...) is None and "anyOf" not in made:
            del made["default"]
        return made

    def normalize_name(self, name: str) -> str:
        """Two classes of one name are told apart by their modules: `schemas.swipes.Action` is `SwipesAction`."""
        *_, module, own = ("", *name.split("."))
        return super().normalize_name(module.capitalize() + own)

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: `Ts Us` says nothing that `ts_us` does not."""
        return False


def schema_of(model: type[BaseModel]) -> Schema:
    """The schema of one model, as a reader sees it."""
    return model.model_json_schema(schema_generator=Generator)


def document(model: type[Message]) -> Schema:
    """The schema of one message: who it is, where it travels, and what it holds."""
    schema = schema_of(model)
    topics = topics_of(model.FAMILY)
    head = {
        "$schema": Generator.schema_dialect,
        "$id": SCHEMA.format(type=model.TYPE, version=model.VERSION),
        "title": schema.pop("title"),
        "description": schema.pop("description", ""),
        "x-topics": [topic.name for topic in topics],
        "x-key": topics[0].key if topics else "",
    }
    return head | {name: schema[name] for name in sorted(schema, key=_order)}


def documents(registry: Registry) -> dict[str, str]:
    """Path → text of the schema of every registered version."""
    return {f"{FOLDER}/{versioned(model)}.json": text(document(model)) for model in registry.values()}


def text(value: Any) -> str:
    """JSON as it is committed."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _order(keyword: str) -> int:
    return ["type", "properties", "required", "$defs"].index(keyword)
