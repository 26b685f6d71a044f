"""The published schemas: one frozen copy of every version that was ever given out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra.contracts.compatibility import Standing, Version, standings
from infra.contracts.errors import IncompatibleError
from schemas.base import REGISTRY, Message
from schemas.documents.catalogue import Registry, newest, versioned
from schemas.documents.json_schema import document, text
from schemas.upcasters import UPCASTERS

FOLDER = "schemas/published"
_NAME = re.compile(r"([A-Za-z]+)\.v(\d+)\.json")


def published(root: Path) -> dict[Version, dict[str, Any]]:
    """(type, version) → schema, as last published."""
    found = {_NAME.fullmatch(place.name): place for place in sorted((root / FOLDER).glob("*.json"))}
    return {(name[1], int(name[2])): json.loads(place.read_bytes()) for name, place in found.items() if name}


def check(root: Path, registry: Registry = REGISTRY, upcasters: Iterable[Version] | None = None) -> list[Standing]:
    """Where every message stands beside what is published below `root`."""
    today = {version: document(model) for version, model in registry.items()}
    return standings(published(root), today, set(UPCASTERS if upcasters is None else upcasters))


def refuse(found: Iterable[Standing]) -> None:
    """Raise IncompatibleError where anything is incompatible; the message lists every problem."""
    problems = [str(problem) for standing in found for problem in standing.problems]
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise IncompatibleError(
            f"{len(problems)} incompatible changes:\n{lines}",
            hint="Take the change back, or raise the version in @message(…, version=N+1) and add an upcaster.",
        )


def freeze(root: Path, registry: Registry = REGISTRY) -> list[str]:
    """Copy the newest version of every message into `schemas/published`; returns the names of those that changed.

    Older versions stay as they were published. Call `refuse(check(…))` first.
    """
    changed = [model for model in newest(registry) if _freeze(root / FOLDER / f"{versioned(model)}.json", model)]
    return [versioned(model) for model in changed]


def _freeze(place: Path, model: type[Message]) -> bool:
    wanted = text(document(model)).encode()
    if place.is_file() and place.read_bytes() == wanted:
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(wanted)
    return True
