"""Content-addressed blobs as objects of a bucket: `media/NAME`, and `holds/NAME` where one was used again."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from infra.errors import NotFoundError, TransientError, UnavailableError
from infra.media_grace import HELD_S
from infra.storage.blobs import NAME, artifact_of
from infra.storage.buckets import TRIALS_S, Bucket
from infra.storage.cache import BlobCache
from infra.storage.damage import content_named, damaged
from infra.storage.digest import sha256
from infra.storage.objects import StoredObject
from schemas.values import Artifact

#: A bucket that did not answer is not asked for a blob for so many seconds, and by one thread after that.
AWAY_S = 5.0


class S3BlobStore:
    """Blobs in a bucket, read through local copies. Every method may raise UnavailableError."""

    def __init__(self, bucket: Bucket, cache: BlobCache, clock: Callable[[], float] = time.time) -> None:
        self._bucket, self._cache, self._clock = bucket, cache, clock
        self._away_until = 0.0

    def put_file(self, source: Path, suffix: str) -> Artifact:
        """Upload a file, in parts where it is large; nobody sees it before it is whole."""
        artifact = artifact_of(sha256(source), suffix, source.stat().st_size)
        if not self.hold(artifact):
            self._bucket.put(_blob(artifact.name), source)
            self._cache.get(artifact.name, partial(shutil.copyfile, source))  # whoever made it reads it next
        return artifact

    def put_bytes(self, data: bytes, suffix: str) -> Artifact:
        """Store bytes."""
        artifact = artifact_of(hashlib.sha256(data).hexdigest(), suffix, len(data))
        if not self.hold(artifact):
            self._bucket.put(_blob(artifact.name), data)
        return artifact

    def exists(self, artifact: Artifact) -> bool:
        """Whether the whole blob is held (its size is checked, not its hash)."""
        found = self._bucket.head(_blob(artifact.name))
        return found is not None and found.size == artifact.size

    def hold(self, artifact: Artifact) -> bool:
        """Whether the whole blob is held; from now on it is as new.

        An object's own age changes only by writing it anew: an empty one beside it says that it was used.
        """
        found = self._bucket.head(_blob(artifact.name))
        if found is None or found.size != artifact.size:
            return False
        if self._clock() - found.used < HELD_S:
            return True
        self._bucket.put(_hold(artifact.name), b"")
        return self.exists(artifact)  # a sweep may have been faster

    def path(self, name: str) -> Path:
        """A local copy, fetched as a whole where there is none. Raises NotFoundError, DamagedError, TransientError."""
        if not NAME.match(name):
            raise _missing(name)
        return self._cache.get(name, partial(self._fetch, name))

    def blobs(self) -> Iterator[StoredObject]:
        """Every blob that is held. The holds are kept in memory meanwhile, about 200 bytes each."""
        held = {hold.name: hold.used for hold in self._bucket.objects("holds")}
        for found in self._bucket.objects("media"):
            if NAME.match(found.name):
                yield StoredObject(found.place, found.size, max(found.used, held.get(found.name, 0.0)))

    def leftovers(self) -> Iterator[StoredObject]:
        """What was damaged. Parts of a broken upload are in no listing: the bucket's own rules remove them."""
        return self._bucket.objects("damaged")

    def purge(self, found: StoredObject) -> bool:
        """Take away what was found, unless it was used since. Copies on other machines go within a day."""
        if found.place == _aside(found.name):
            self._bucket.delete(found.place)
            return True
        blob, hold = map(self._bucket.head, (_blob(found.name), _hold(found.name)))
        if blob is None or max(blob.used, hold.used if hold else 0.0) > found.used:
            return False
        self._bucket.delete(blob.place)
        if hold:
            self._bucket.delete(hold.place)
        self._cache.drop(found.name)
        return True

    def _fetch(self, name: str, to: Path) -> None:
        """What came is not at once what is there: it is fetched once more before it is condemned."""
        right, first = content_named(name), self._fetched(name, to)
        if first == right or (again := self._fetched(name, to)) == right:
            return
        if again != first:
            raise TransientError(f"The media file {name} comes out of {self._bucket.url} in several ways.")
        raise damaged(name, self._set_aside(name))

    def _fetched(self, name: str, to: Path) -> str:
        """The hash of what came."""
        with self._unless_away():
            found = self._bucket.fetch(_blob(name), to)
        if not found:
            raise _missing(name)
        return sha256(to)

    def _set_aside(self, name: str) -> str | None:
        try:
            self._bucket.move(_blob(name), _aside(name))
        except UnavailableError:  # whoever may not write there finds it damaged each time
            return None
        return f"{self._bucket.url}/{_aside(name)}"

    @contextmanager
    def _unless_away(self) -> Iterator[None]:
        """Fails at once while the bucket is known to be away: threads that wait for it serve no copies."""
        now, away = self._clock(), self._away_until
        if now < away:
            raise UnavailableError(f"The media store {self._bucket.url} did not answer a moment ago.")
        if away:
            self._away_until = now + TRIALS_S  # one finds out whether it is back
        until = 0.0
        try:
            yield
        except UnavailableError:
            until = self._clock() + AWAY_S
            raise
        finally:
            self._away_until = until


def _blob(name: str) -> str:
    return f"media/{name}"


def _hold(name: str) -> str:
    return f"holds/{name}"


def _aside(name: str) -> str:
    return f"damaged/{name}"


def _missing(name: str) -> NotFoundError:
    return NotFoundError(f"There is no media file {name[:80]!r}.")
