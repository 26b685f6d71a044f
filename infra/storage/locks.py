"""One process at a time: locks on files, which the system frees however their holder ends."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import DeadlineError

#: Seconds between two tries: the system knows no wait that ends by itself.
_EVERY_S = 0.02


@contextmanager
def locked(path: Path, wait_s: float = 30.0) -> Iterator[None]:
    """Hold the lock of a file, which is made where there is none, while the block runs. No child inherits it.

    Raises DeadlineError where somebody else holds it for longer than `wait_s`, OSError where there can be no file.
    """
    with path.open("a") as file:  # to write: NFS locks no other
        deadline = time.monotonic() + wait_s
        while not _taken(file.fileno()):
            if time.monotonic() >= deadline:
                raise DeadlineError(
                    f"Another process has held {path} for {wait_s:g} s.", hint=f"`fuser {path}` says which one it is."
                )
            time.sleep(_EVERY_S)
        yield


@contextmanager
def try_locked(path: Path) -> Iterator[bool]:
    """The same without a wait: whether the block holds the lock. Raises OSError."""
    with path.open("a") as file:
        yield _taken(file.fileno())


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
