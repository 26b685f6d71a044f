"""Where a process keeps its temporary files: in a folder of its own, so that the next one may remove what it left."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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

    Each holds a lock on its folder, which the system frees however it ends: any number of processes may share a root.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root):  # nobody sweeps between the making of a folder and its lock
        _sweep(root)
        folder = Path(tempfile.mkdtemp(dir=root))
        held = _held(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _sweep(root: Path) -> None:
    for folder in root.iterdir():
        try:
            held = _held(folder, fcntl.LOCK_NB)
        except OSError:  # it is in use, its owner has just removed it, or it is somebody else's
            continue
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    held = _held(root)
    try:
        yield
    finally:
        os.close(held)


def _held(folder: Path, how: int = 0) -> int:
    """A descriptor that holds the lock of a folder until it is closed. No child inherits it."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | how)
    except BlockingIOError:
        os.close(held)
        raise
    return held
