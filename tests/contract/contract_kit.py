"""What the contract tests share: golden files, and JSON Schemas made fit for Python's regular expressions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra.contracts.compare import inlined
from schemas.base import REGISTRY, Message
from schemas.documents.catalogue import newest

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/contract/golden"
MESSAGES = newest(REGISTRY)

Schema = dict[str, Any]


def golden(name: str) -> dict[str, Any]:
    """One golden record: topic, key, headers, value."""
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_bytes())
    return found


def named(model: type[Message]) -> str:
    """The name of a test's case."""
    return model.TYPE


def pythonic(schema: Schema) -> Schema:
    """The same schema for tools that match with Python's `re`.

    JSON Schema's patterns are ECMA-262, where `$` is the end of the text; in Python it also matches before a last line
    break. References are replaced by what they refer to.
    """
    return _anchored(inlined(schema))


def _anchored(node: Any) -> Any:
    if isinstance(node, list):
        return [_anchored(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {name: _anchored(part) for name, part in node.items()}
    if isinstance(pattern := node.get("pattern"), str) and pattern.endswith("$"):
        made["pattern"] = pattern[:-1] + r"\Z"
    return made
