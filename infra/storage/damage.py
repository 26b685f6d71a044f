"""Media files that are no longer what their name says: found out by their hash, set aside, and as good as gone.

What puts a video together makes what it lacks again. Any other task that comes across one fails; whoever asks for it
again has it made anew, or a backup has it. What is set aside goes with a later sweep.
"""

from __future__ import annotations

import contextlib
import errno
import os
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


def damaged(name: str, aside: str | None) -> DamagedError:
    """The error for a file that was set aside, or, with None, could not be; it is in the log, too."""
    log.error("damaged media file: it counts as gone", name=name, set_aside=aside or "could not be")
    return DamagedError(
        f"The media file {name} was damaged: its hash is another one. It counts as gone.",
        hint="What is made from it is made again when it is asked for again; a backup has it as it was.",
    )


def content_named(name: str) -> str:
    """The hash of what a blob of this name holds."""
    return name.partition(".")[0]


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


def _verify(place: Path, inode: int, _size: int) -> None:
    """Raises DamagedError, which is not remembered: another file may take the same place and number."""
    if not _is_intact(place):
        raise damaged(place.name, _set_aside(place, inode))


def _is_intact(place: Path) -> bool:
    try:
        return sha256(place) == content_named(place.name)
    except OSError as error:
        if error.errno != errno.EIO:  # a disk that cannot read it any more
            raise
        return False


def _set_aside(place: Path, inode: int) -> str | None:
    """Where it lies now. None where it may not be moved, or was made again while its hash was taken."""
    aside = place.with_name(f"{place.name}.damaged")
    with contextlib.suppress(OSError):
        if place.stat().st_ino == inode:
            place.replace(aside)
            os.utime(aside)  # it is kept for a while from now on
            return str(aside)
    return None
