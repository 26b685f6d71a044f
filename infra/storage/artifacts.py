"""What was made from what: an index from the hash of all inputs of a step to the step's result.

Retry, resume, reorder and regeneration all ask here first, so finished work is never done (or paid for) twice.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


def fingerprint(**inputs: Any) -> str:
    """SHA-256 over everything that decides a result: spec, backend, model, weights, seed, code revision."""
    canonical = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be part of a fingerprint")


class ArtifactIndex(Protocol):
    """Results by fingerprint. A result is a small JSON object that names its blobs."""

    def get(self, key: str) -> dict[str, Any] | None: ...

    def put(self, key: str, result: Mapping[str, Any]) -> None: ...


class LocalArtifactIndex:
    """The index as small files below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, key: str) -> dict[str, Any] | None:
        """The result, or None. A file that cannot be read counts as none: the work is then done again."""
        try:
            found = json.loads(self._where(key).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, result: Mapping[str, Any]) -> None:
        """Remember a result. The last writer wins; equal keys have equal results."""
        place = self._where(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False) as temporary:
            json.dump(result, temporary)
        Path(temporary.name).replace(place)

    def _where(self, key: str) -> Path:
        return self._root / key[:2] / f"{key}.json"
