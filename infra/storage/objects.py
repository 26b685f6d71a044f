"""What is in a store, as a sweep sees it: its name, its size, and when it was used last."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A blob, a result or a leftover. `place`: below the root of the store; `used`: in seconds since the epoch."""

    place: str
    size: int
    used: float

    @property
    def name(self) -> str:
        """The last part of its place."""
        return self.place.rpartition("/")[2]


def files_below(root: Path) -> Iterator[StoredObject]:
    """Every file below a folder, in the order of their places; one that has just gone is passed over."""
    for path in sorted(root.rglob("*")):
        if found := _seen(root, path):
            yield found


def purge(root: Path, found: StoredObject) -> bool:
    """Remove a file, and the temporary folder that it lies in; not one that was used since it was found."""
    path = root / found.place
    now = _seen(root, path)
    if now is None or now.used > found.used:
        return False
    path.unlink(missing_ok=True)
    if path.parent.name.startswith("tmp"):
        with contextlib.suppress(OSError):  # something is left in it
            path.parent.rmdir()
    return True


def _seen(root: Path, path: Path) -> StoredObject | None:
    with contextlib.suppress(FileNotFoundError):
        if path.is_file():
            stat = path.stat()
            return StoredObject(path.relative_to(root).as_posix(), stat.st_size, stat.st_mtime)
    return None
