"""Values of a JSON Schema, drawn by Hypothesis: every keyword that the contracts use, and none of Hypothesis's insides.

(hypothesis-jsonschema 0.23.1 uses them, and so it fails with today's Hypothesis.)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]
Values = st.SearchStrategy[Any]

_CHARACTERS = st.characters(codec="utf-8")
_UNDERSTOOD = frozenset(
    "type enum const anyOf properties required items additionalProperties pattern minimum maximum exclusiveMinimum "
    "minLength maxLength minItems maxItems maxProperties "
    "title description default $schema $id x-topics x-key x-personal-data".split()
)


def instances(schema: Schema) -> Values:
    """Anything that `schema` allows: optional fields may be missing, unknown ones may be there.

    References must have been replaced, and patterns be Python's: see `contract_kit.pythonic`.
    """
    if unknown := schema.keys() - _UNDERSTOOD:
        raise NotImplementedError(f"teach tests/contract/instances.py about {sorted(unknown)}")
    if "anyOf" in schema:
        return st.one_of([instances(option) for option in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _KINDS[schema["type"]](schema)


def _texts(schema: Schema) -> Values:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    pattern = schema.get("pattern", "")
    if pattern not in ("", r"\S"):
        return st.from_regex(pattern).filter(lambda text: least <= len(text) <= (most or math.inf))
    texts = st.text(_CHARACTERS, min_size=least, max_size=most)
    longest = st.just("\U0001f431" * most) if most else st.nothing()
    return texts.filter(lambda text: re.search(pattern, text)) | longest


def _integers(schema: Schema) -> Values:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1 if "exclusiveMinimum" in schema else None)
    return st.integers(least, schema.get("maximum"))


def _numbers(schema: Schema) -> Values:
    above = "exclusiveMinimum" in schema
    return st.floats(
        schema.get("exclusiveMinimum", schema.get("minimum")),
        schema.get("maximum"),
        exclude_min=above,
        allow_nan=False,
        allow_infinity=False,
    )


def _lists(schema: Schema) -> Values:
    return st.lists(instances(schema["items"]), min_size=schema.get("minItems", 0), max_size=schema.get("maxItems"))


def _objects(schema: Schema) -> Values:
    if "properties" not in schema:
        values = instances(schema["additionalProperties"])
        return st.dictionaries(st.text(_CHARACTERS), values, max_size=schema.get("maxProperties"))
    fields = {name: instances(field) for name, field in schema["properties"].items()}
    always = {name: fields.pop(name) for name in schema.get("required", ())}
    unknown = st.dictionaries(st.just("from_the_future"), st.none() | st.lists(st.booleans(), max_size=1), max_size=1)
    return st.builds(lambda known, more: known | more, st.fixed_dictionaries(always, optional=fields), unknown)


_KINDS: dict[str, Callable[[Schema], Values]] = {
    "string": _texts,
    "integer": _integers,
    "number": _numbers,
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
    "array": _lists,
    "object": _objects,
}
