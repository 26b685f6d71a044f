"""Why a value that one schema allows might not be allowed by another. Pure.

Only what the contracts use is understood; any other keyword counts as a gap when it differs, so nothing slips through.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_SILENT = frozenset({"title", "description", "default", "examples", "deprecated", "$schema", "$id", "$defs"})
_SIZES = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"))
_INSIDES = (("items", "[]"), ("additionalProperties", "{}"))
_UNDERSTOOD = frozenset(
    "type enum const anyOf properties required items additionalProperties pattern format "
    "minimum maximum exclusiveMinimum exclusiveMaximum".split()
).union(*_SIZES)


@dataclass(frozen=True, slots=True)
class Gap:
    """`what` values of the first schema do at `path` that the second does not allow. `aspect` is what differs."""

    aspect: str
    path: str
    what: str


def gaps(first: Schema, second: Schema, path: str = "") -> Iterator[Gap]:
    """Every reason why an instance of `first` might be refused by `second`; both without references."""
    for option in _options(first):
        found = [list(_simple(option, other, path)) for other in _options(second)]
        if all(found):
            yield from _nearest(option, second, found, path)


def inlined(schema: Schema) -> Schema:
    """The same schema with every reference replaced by what it refers to. Contracts do not contain themselves."""
    return {name: part for name, part in _inline(schema, schema.get("$defs", {})).items() if name != "$defs"}


def paths(schema: Schema, path: str = "") -> list[str]:
    """The path of every field in a schema without references, outer before inner."""
    found = []
    for option in _options(schema):
        for name, field in option.get("properties", {}).items():
            found += [_join(path, name), *paths(field, _join(path, name))]
        for keyword, mark in _INSIDES:
            if isinstance(inner := option.get(keyword), dict):
                found += paths(inner, path + mark)
    return found


def _inline(node: Any, defs: dict[str, Schema]) -> Any:
    if isinstance(node, list):
        return [_inline(item, defs) for item in node]
    if not isinstance(node, dict):
        return node
    if ref := node.get("$ref"):
        node = defs[ref.rpartition("/")[2]] | {name: part for name, part in node.items() if name != "$ref"}
    return {name: part if name == "$defs" else _inline(part, defs) for name, part in node.items()}


def _options(schema: Schema) -> list[Schema]:
    if "anyOf" not in schema:
        return [schema]
    rest = {name: part for name, part in schema.items() if name != "anyOf"}
    return [option | rest for option in schema["anyOf"]]


def _nearest(option: Schema, second: Schema, found: list[list[Gap]], path: str) -> Iterator[Gap]:
    """What to tell of an option that fits nowhere: the reasons of the one other option of its type, else its type."""
    same = [
        reasons for other, reasons in zip(_options(second), found, strict=True) if other.get("type") == _type(option)
    ]
    yield from same[0] if len(same) == 1 else [Gap("type", path, f"may be {_kind(option)}")]


def _simple(first: Schema, second: Schema, path: str) -> Iterator[Gap]:
    if not _fits(_type(first), _type(second)):
        yield Gap("type", path, f"may be {_kind(first)}, not {_kind(second)}")
        return
    yield from _values(first, second, path)
    yield from _range(first, second, path)
    yield from _patterns(first, second, path)
    yield from _fields(first, second, path)
    yield from _insides(first, second, path)
    yield from _unknown(first, second, path)


def _type(schema: Schema) -> str | None:
    return schema.get("type")


def _kind(schema: Schema) -> str:
    return {"object": "an object", "array": "a list", "string": "text", None: "anything"}.get(
        _type(schema), str(_type(schema))
    )


def _fits(first: str | None, second: str | None) -> bool:
    return second is None or first == second or (first, second) == ("integer", "number")


def _allowed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _values(first: Schema, second: Schema, path: str) -> Iterator[Gap]:
    some, others = _allowed(first), _allowed(second)
    if others is None:
        return
    extra = "anything" if some is None else ", ".join(repr(value) for value in some if value not in others)
    if extra:
        yield Gap("values", path, f"may be {extra}")


def _range(first: Schema, second: Schema, path: str) -> Iterator[Gap]:
    first = first | _lengths(_allowed(first) or ())
    (low, high), (lowest, highest) = _bounds(first), _bounds(second)
    if low < lowest:
        yield Gap("range", path, f"may be below {_number(lowest)}")
    if high > highest:
        yield Gap("range", path, f"may be above {_number(highest)}")
    for least, most in _SIZES:
        if first.get(least, 0) < second.get(least, 0):
            yield Gap("range", path, f"may be shorter than {second[least]}")
        if first.get(most, math.inf) > second.get(most, math.inf):
            yield Gap("range", path, f"may be longer than {second[most]}")


def _lengths(values: Sequence[Any]) -> Schema:
    """The bounds that a list of texts has by itself."""
    sizes = [len(value) for value in values if isinstance(value, str)]
    return {"minLength": min(sizes), "maxLength": max(sizes)} if sizes else {}


def _bounds(schema: Schema) -> tuple[tuple[float, int], tuple[float, int]]:
    """((lowest, 1 if excluded), (highest, -1 if excluded)): tuples that compare as the bounds do."""
    low = max((schema.get("minimum", -math.inf), 0), (schema.get("exclusiveMinimum", -math.inf), 1))
    high = min((schema.get("maximum", math.inf), 0), (schema.get("exclusiveMaximum", math.inf), -1))
    return low, high


def _number(bound: tuple[float, int]) -> str:
    return f"{bound[0]:g}" + (" or just that" if bound[1] else "")


def _patterns(first: Schema, second: Schema, path: str) -> Iterator[Gap]:
    for keyword in ("pattern", "format"):
        if keyword in second and first.get(keyword) != second[keyword]:
            yield Gap("pattern", path, f"may not match {keyword} {second[keyword]}")


def _fields(first: Schema, second: Schema, path: str) -> Iterator[Gap]:
    always = first.get("required", ())
    for name in second.get("required", ()):
        if name not in always:
            yield Gap("required", _join(path, name), "may be missing")
    own, other = first.get("properties", {}), second.get("properties", {})
    for name in own:
        if name in other:
            yield from gaps(own[name], other[name], _join(path, name))


def _insides(first: Schema, second: Schema, path: str) -> Iterator[Gap]:
    for keyword, mark in _INSIDES:
        own, other = first.get(keyword, True), second.get(keyword, True)
        if isinstance(own, dict) and isinstance(other, dict):
            yield from gaps(own, other, path + mark)
        elif other is not True and own != other:
            yield Gap("type", path + mark, "may be anything" if own is True else "may be something else")


def _unknown(first: Schema, second: Schema, path: str) -> Iterator[Gap]:
    for keyword in sorted((first.keys() | second.keys()) - _UNDERSTOOD - _SILENT):
        if not keyword.startswith("x-") and first.get(keyword) != second.get(keyword):
            yield Gap(keyword, path, f"may differ in {keyword}, which is not understood")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
