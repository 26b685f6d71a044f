"""Content-addressed blobs. Written to a temporary name and renamed, so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from infra.errors import NotFoundError
from infra.storage.digest import sha256
from infra.storage.objects import StoredObject, files_below, purge
from schemas.values import Artifact

MEDIA_TYPES = {
    "mp4": "video/mp4", "jpg": "image/jpeg", "png": "image/png", "wav": "audio/wav", "vtt": "text/vtt",
    "json": "application/json", "webp": "image/webp", "mov": "video/quicktime", "webm": "video/webm",
}  # fmt: skip
NAME = re.compile(r"^[0-9a-f]{64}\.[a-z0-9]{1,8}$")


class BlobStore(Protocol):
    """Where finished files live. Every method of a remote one may raise UnavailableError."""

    def put_file(self, source: Path, suffix: str) -> Artifact:
        """Store what is in a file, which stays as it is. Nothing is written where the blob is held."""
        ...

    def put_bytes(self, data: bytes, suffix: str) -> Artifact:
        """Store bytes. Nothing is written where the blob is held."""
        ...

    def exists(self, artifact: Artifact) -> bool:
        """Whether the whole blob is held: at least its size is checked."""
        ...

    def hold(self, artifact: Artifact) -> bool:
        """As `exists`; a blob that is there counts as used now, so that no sweep takes it from under its user."""
        ...

    def path(self, name: str) -> Path:
        """A local file, fetched first where the store is remote.

        Raises NotFoundError for a name that is malformed or not held, and DamagedError for a media file that was found
        to be another one: it is set aside and counts as not held from then on.
        """
        ...

    def blobs(self) -> Iterator[StoredObject]:
        """Every blob that is held."""
        ...

    def leftovers(self) -> Iterator[StoredObject]:
        """What lies there beside them: writes that are under way, what broken ones left, and what was damaged."""
        ...

    def purge(self, found: StoredObject) -> bool:
        """Take away what was found, unless it was used since."""
        ...


class LocalBlobStore:
    """Blobs below one folder, spread over 256 subfolders."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_file(self, source: Path, suffix: str) -> Artifact:
        """Copy a file in."""
        artifact = artifact_of(sha256(source), suffix, source.stat().st_size)
        if not self.hold(artifact):
            self._adopt(source, self._place(artifact.name))
        return artifact

    def put_bytes(self, data: bytes, suffix: str) -> Artifact:
        """Store bytes."""
        artifact = artifact_of(hashlib.sha256(data).hexdigest(), suffix, len(data))
        if not self.hold(artifact):
            place = self._place(artifact.name)
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as temporary:
                temporary.write(data)
            Path(temporary.name).replace(place)
        return artifact

    def exists(self, artifact: Artifact) -> bool:
        """Whether the whole blob is held (its size is checked, not its hash)."""
        place = self._where(artifact.name)
        return place.is_file() and place.stat().st_size == artifact.size

    def hold(self, artifact: Artifact) -> bool:
        """Whether the whole blob is held; from now on it is as new."""
        if not self.exists(artifact):
            return False
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._where(artifact.name))
            return True
        return False

    def path(self, name: str) -> Path:
        """The file of a blob. Raises NotFoundError."""
        if not NAME.match(name) or not (place := self._where(name)).is_file():
            raise NotFoundError(f"There is no media file {name[:80]!r}.")
        return place

    def blobs(self) -> Iterator[StoredObject]:
        """Every blob that is held."""
        return (found for found in files_below(self._root) if NAME.match(found.name))

    def leftovers(self) -> Iterator[StoredObject]:
        """Temporary files."""
        return (found for found in files_below(self._root) if not NAME.match(found.name))

    def purge(self, found: StoredObject) -> bool:
        """Take away what was found, unless it was used since."""
        return purge(self._root, found)

    def _adopt(self, source: Path, place: Path) -> None:
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            copy = Path(folder) / "blob"
            shutil.copyfile(source, copy)
            copy.replace(place)

    def _where(self, name: str) -> Path:
        return self._root / name[:2] / name

    def _place(self, name: str) -> Path:
        place = self._where(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def artifact_of(digest: str, suffix: str, size: int) -> Artifact:
    """The artifact of a content: its hash names it."""
    media_type = MEDIA_TYPES.get(suffix, "application/octet-stream")
    return Artifact(sha256=digest, suffix=suffix, media_type=media_type, size=size)
