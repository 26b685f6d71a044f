"""Where a process keeps its temporary files: in a folder of its own, so that the next one may remove what it left."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.errors import DeadlineError
from infra.storage.locks import locked

#: The file of a folder that is locked.
_LOCK = ".lock"
#: Seconds that others may sweep what was left, which may be much.
WAIT_S = 60.0


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """While the block runs, `tempfile` makes everything in a folder that goes with it, as `own_folder`."""
    before = tempfile.tempdir
    with own_folder(root) as folder:
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before


@contextmanager
def own_folder(root: Path) -> Iterator[Path]:
    """A new folder below `root` that goes with the block. What processes left there that were killed goes first.

    Each holds the lock of its folder: any number of processes may share a root. Raises DeadlineError where that cannot
    be had.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder, mine = _made(root)
    try:
        yield folder
    finally:
        mine.close()  # before the folder goes: NFS keeps a file that is open, and so its folder
        shutil.rmtree(folder, ignore_errors=True)


def _made(root: Path) -> tuple[Path, ExitStack]:
    """A new folder, and what holds it."""
    with ExitStack() as held, locked(root / _LOCK, WAIT_S):  # nobody sweeps between the making of a folder and its lock
        _sweep(root)
        folder = Path(tempfile.mkdtemp(dir=root))
        held.enter_context(locked(folder / _LOCK, 0))
        return folder, held.pop_all()


def _sweep(root: Path) -> None:
    for folder in root.iterdir():
        try:
            with locked(folder / _LOCK, 0):
                _unlocked(folder)
        except (OSError, DeadlineError):  # it is no folder, has just gone, is somebody else's, or in use
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _unlocked(folder: Path) -> None:
    """Raises BlockingIOError where the folder itself is locked, as earlier versions do."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        pass  # NFS has no locks on folders: nobody holds one
    finally:
        os.close(descriptor)
