"""What was made from what: an index from the hash of all inputs of a step to the step's result.

Retry, resume, reorder and regeneration all ask here first, so finished work is never done (or paid for) twice.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from infra.storage.leases import LEASE_S, Leases
from infra.storage.objects import StoredObject, files_below, purge


def fingerprint(**inputs: Any) -> str:
    """SHA-256 over everything that decides a result: spec, backend, model, weights, seed, code revision."""
    canonical = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be part of a fingerprint")


class ArtifactIndex(Protocol):
    """Results by fingerprint (64 hexadecimal digits). A result is a small JSON object that names its blobs.

    Every method of a remote one may raise UnavailableError, and of a local one OSError where it writes.
    """

    def get(self, key: str) -> dict[str, Any] | None:
        """The result, or None. One that cannot be read counts as none: the work is then done again."""
        ...

    def put(self, key: str, result: Mapping[str, Any]) -> None:
        """Remember a result; a reader sees the old or the new one. The last writer wins."""
        ...

    def keep(self, key: str, result: Mapping[str, Any]) -> dict[str, Any]:
        """Remember a result unless there is one already. What is remembered: of several writers, the first one's."""
        ...

    def alone(self, key: str, rank: int = 0) -> AbstractContextManager[bool]:
        """Nobody else on this machine makes that result meanwhile, or, where that is False, somebody may.

        It waits at most the lease's seconds, and not for somebody less urgent (`rank`); look for the result after it.
        """
        ...

    def entries(self) -> Iterator[StoredObject]:
        """Every result; the names are `KEY.json`."""
        ...

    def leftovers(self) -> Iterator[StoredObject]:
        """What lies there beside them."""
        ...

    def purge(self, found: StoredObject) -> bool:
        """Take away what was found, unless it was written since."""
        ...


class LocalArtifactIndex:
    """The index as small files below one folder."""

    def __init__(self, root: Path, lease_s: float = LEASE_S) -> None:
        self._root, self._leases = root, Leases(root / "leases", lease_s)

    def get(self, key: str) -> dict[str, Any] | None:
        """The result, or None. A file that cannot be read counts as none: the work is then done again."""
        try:
            found = json.loads(self._where(key).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, result: Mapping[str, Any]) -> None:
        """Remember a result. The last writer wins; equal keys have equal results."""
        self._written(key, result).replace(self._where(key))

    def keep(self, key: str, result: Mapping[str, Any]) -> dict[str, Any]:
        """Remember a result unless there is one already. What is remembered: of several writers, the first one's."""
        fresh = self._written(key, result)
        try:
            # Unlike a rename, a link never takes the place of a file that is there.
            self._where(key).hardlink_to(fresh)
        except FileExistsError:
            if (first := self.get(key)) is not None:
                return first
            fresh.replace(self._where(key))
        finally:
            fresh.unlink(missing_ok=True)
        return dict(result)

    def alone(self, key: str, rank: int = 0) -> AbstractContextManager[bool]:
        """Nobody else makes that result meanwhile; see `Leases.alone`."""
        return self._leases.alone(key, rank)

    def entries(self) -> Iterator[StoredObject]:
        """Every result."""
        return (found for found in files_below(self._root) if found.name.endswith(".json"))

    def leftovers(self) -> Iterator[StoredObject]:
        """Temporary files, and leases."""
        return (found for found in files_below(self._root) if not found.name.endswith(".json"))

    def purge(self, found: StoredObject) -> bool:
        """Take away what was found, unless it was written since."""
        return purge(self._root, found)

    def _written(self, key: str, result: Mapping[str, Any]) -> Path:
        """The result in a file of its own beside its place."""
        folder = self._where(key).parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as temporary:
            json.dump(result, temporary)
        return Path(temporary.name)

    def _where(self, key: str) -> Path:
        return self._root / key[:2] / f"{key}.json"
