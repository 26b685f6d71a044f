"""The schemas of several models and of all that is inside them, by name: for AsyncAPI, TypeScript and the page."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas.documents.json_schema import Generator, Schema


def shapes(models: Iterable[type[BaseModel]], ref_template: str) -> dict[str, Schema]:
    """Name → schema, sorted by name. References read `ref_template`, with `{model}` for the name."""
    _, found = models_json_schema(
        [(model, "validation") for model in models], ref_template=ref_template, schema_generator=Generator
    )
    return dict(sorted(found["$defs"].items()))


def summary(model: type[BaseModel]) -> str:
    """The first paragraph of a model's description, as one line."""
    return " ".join((inspect.getdoc(model) or "").split("\n\n")[0].split())
