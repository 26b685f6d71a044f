"""Copies of remote blobs in a local folder: the least recently used go first, and none is kept for longer than a day.

The time of access says when a copy was used (it is set, whatever the file system is mounted with), the time of its
modification when it was fetched.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.errors import NotFoundError

#: Whoever was given a path has this long to open the file, in seconds, however full the folder is.
OPEN_S = 600.0
#: A copy is fetched anew after this long, in seconds: what was deleted for good must not be served for ever.
FRESH_S = 86_400.0
#: The folder is looked through after so much of its limit was added.
_SHARE = 20
_LOCKS = 64


class BlobCache:
    """At most `limit` bytes and a twentieth more in one folder, which any number of processes may share."""

    def __init__(self, root: Path, limit: int, clock: Callable[[], float] = time.time) -> None:
        self._root, self._limit, self._clock = root, limit, clock
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        self._added = limit  # what others left is looked through at the first chance

    def get(self, name: str, fetch: Callable[[Path], object]) -> Path:
        """The copy of a blob; what is not here is fetched into the path given, once however many threads ask.

        Raises what `fetch` raises; what it fetched is not kept then, nor an older copy after NotFoundError.
        """
        if place := self._found(name):
            return place
        with self._locks[hash(name) % _LOCKS]:
            return self._found(name) or self._fetched(name, fetch)

    def drop(self, name: str) -> None:
        """Forget a copy."""
        self._place(name).unlink(missing_ok=True)

    def _found(self, name: str) -> Path | None:
        place, now = self._place(name), self._clock()
        with contextlib.suppress(FileNotFoundError):
            fetched = place.stat().st_mtime
            if now - fetched < FRESH_S:
                os.utime(place, (now, fetched))
                return place
        return None

    def _fetched(self, name: str, fetch: Callable[[Path], object]) -> Path:
        place, now = self._place(name), self._clock()
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._root) as folder:
            copy = Path(folder) / name
            try:
                fetch(copy)
            except NotFoundError:
                self.drop(name)  # of a day ago, if there is one
                raise
            os.utime(copy, (now, now))
            self._added += copy.stat().st_size
            copy.replace(place)
        if self._added > self._limit // _SHARE:
            self._added = 0
            self._trim()
        return place

    def _trim(self) -> None:
        """Remove what is old, and what was not used for longest until the rest is within the limit."""
        now, held = self._clock(), sorted(_files(self._root))
        left = sum(size for _, _, size, _ in held)
        for _, fetched, size, path in held:
            if (left > self._limit or now - fetched >= FRESH_S) and self._unused(path):
                path.unlink(missing_ok=True)
                left -= size

    def _unused(self, path: Path) -> bool:
        """Asked right before a copy goes: another process may have handed it out since the folder was read."""
        try:
            return self._clock() - path.stat().st_atime >= OPEN_S
        except FileNotFoundError:
            return True

    def _place(self, name: str) -> Path:
        return self._root / name[:2] / name


def _files(root: Path) -> Iterator[tuple[float, float, int, Path]]:
    """(used, fetched, bytes, path) of every file, also of those that a killed process was fetching."""
    for path in root.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                stat = path.stat()
                yield stat.st_atime, stat.st_mtime, stat.st_size, path
