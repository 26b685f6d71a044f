"""Lift the JSON of an old version to the next one, until it is the newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

_OBJECT = TypeAdapter(dict[str, Any])

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

#: (type, from version) -> the function that makes it the next version. Empty as long as everything is version 1.
UPCASTERS: dict[tuple[str, int], Upcaster] = {}


def upcast(name: str, version: int, value: bytes) -> dict[str, Any]:
    """The payload as the newest version has it. Raises ValueError where the JSON is not an object."""
    payload = _OBJECT.validate_json(value)
    while step := UPCASTERS.get((name, version)):
        payload, version = step(payload), version + 1
    return payload
