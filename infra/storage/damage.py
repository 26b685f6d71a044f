"""Media files that are no longer what their name says: found out by their hash, set aside, and as good as gone.

Whoever made one makes it again, or a backup has it; what is set aside goes with a later sweep.
"""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path

from infra.errors import NotFoundError
from infra.storage.blobs import LocalBlobStore
from infra.storage.digest import sha256
from infra.telemetry import logs
from schemas.values import Artifact

log = logs.get("media")

#: Files that a process remembers to be intact.
_REMEMBERED = 10_000


class DamagedError(NotFoundError):
    """A media file was damaged, and counts as gone."""


def damaged(name: str, aside: str) -> DamagedError:
    """The error for a file that was set aside; it is in the log, too."""
    log.error("damaged media file set aside: it counts as gone, and is made again where it can be", name=name, at=aside)
    return DamagedError(
        f"The media file {name} was damaged: its hash is another one. It counts as gone.",
        hint="What is made from it is made again when it is asked for again; a backup has it as it was.",
    )


def is_named_by_content(file: Path, name: str) -> bool:
    """Whether a blob's name is the hash of what is in a file. Raises OSError."""
    return sha256(file) == name.partition(".")[0]


class VerifiedBlobStore(LocalBlobStore):
    """Blobs below one folder, each hashed when this process first uses it: a damaged one is set aside."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._verify = lru_cache(_REMEMBERED)(_verify)

    def exists(self, artifact: Artifact) -> bool:
        """Whether the whole blob is held, intact."""
        with contextlib.suppress(NotFoundError):
            return super().exists(artifact) and self.path(artifact.name).is_file()
        return False

    def path(self, name: str) -> Path:
        """The file of a blob. Raises NotFoundError, DamagedError."""
        place = super().path(name)
        try:
            stat = place.stat()
            self._verify(place, stat.st_ino, stat.st_size)
        except FileNotFoundError:  # swept away meanwhile
            return super().path(name)
        return place


def _verify(place: Path, _inode: int, _size: int) -> None:
    """Raises DamagedError, which is not remembered: another file may take the same place and number."""
    if not is_named_by_content(place, place.name):
        aside = place.with_name(f"{place.name}.damaged")
        with contextlib.suppress(OSError):  # whoever may not write here finds it damaged each time
            place.replace(aside)
        raise damaged(place.name, str(aside))
