"""The index of what was made from what as objects of a bucket, `index/KEY.json`: all machines share it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from infra.storage.buckets import Bucket
from infra.storage.leases import Leases
from infra.storage.objects import StoredObject


class S3ArtifactIndex:
    """The index in a bucket. Leases stay on each machine: a bucket has no quick ones, and they guard nothing."""

    def __init__(self, bucket: Bucket, leases: Leases) -> None:
        self._bucket, self._leases = bucket, leases

    def get(self, key: str) -> dict[str, Any] | None:
        """The result, or None; one that cannot be read counts as none. Raises UnavailableError."""
        try:
            found = json.loads(self._bucket.get(_place(key)) or b"null")
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, result: Mapping[str, Any]) -> None:
        """Remember a result. The last writer wins; equal keys have equal results."""
        self._bucket.put(_place(key), _written(result))

    def keep(self, key: str, result: Mapping[str, Any]) -> dict[str, Any]:
        """Remember a result unless there is one already. What is remembered: of several writers, the first one's."""
        if self._bucket.put(_place(key), _written(result), new=True):
            return dict(result)
        if (first := self.get(key)) is not None:
            return first
        self.put(key, result)
        return dict(result)

    def alone(self, key: str, rank: int = 0) -> AbstractContextManager[bool]:
        """Nobody else on this machine makes that result meanwhile; see `Leases.alone`."""
        return self._leases.alone(key, rank)

    def entries(self) -> Iterator[StoredObject]:
        """Every result."""
        return self._bucket.objects("index")

    def leftovers(self) -> Iterator[StoredObject]:
        """None: objects are whole or not there."""
        return iter(())

    def purge(self, found: StoredObject) -> bool:
        """Take away what was found, unless it was written since."""
        now = self._bucket.head(found.place)
        if now is None or now.used > found.used:
            return False
        self._bucket.delete(found.place)
        return True


def _place(key: str) -> str:
    return f"index/{key}.json"


def _written(result: Mapping[str, Any]) -> bytes:
    return json.dumps(result).encode()
