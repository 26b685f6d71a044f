"""Statements in files of their own: `-- name: …` begins one, a semicolon ends it."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable
from pathlib import Path

_NAME = re.compile(r"^--\s*name:\s*(\w+)\s*$", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*$", re.MULTILINE)


def named(text: str) -> dict[str, str]:
    """Statement by name. Raises ValueError where a name is given twice."""
    parts = _NAME.split(text)[1:]
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"a statement is named twice: {sorted(names)}")
    return {name: _clean(body) for name, body in zip(names, bodies, strict=True)}


def load(file: Path | Traversable) -> dict[str, str]:
    """The named statements of a file."""
    return named(file.read_text(encoding="utf-8"))


def script(text: str) -> list[str]:
    """The statements of a file without names, in order."""
    return [clean for part in _COMMENT.sub("", text).split(";") if (clean := " ".join(part.split()))]


def _clean(body: str) -> str:
    return " ".join(_COMMENT.sub("", body).split()).rstrip("; ")
