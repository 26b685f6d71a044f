"""Frames that wait on disk: a clip in full size takes more memory than several clips may have at once."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError


class Spool:
    """Pictures of one shape, in the order in which they came; to be read as often as one likes, by any thread.

    The file has no name, and goes with the last one who holds the spool, or with the process. Raises `BackendError`
    where the disk fails.
    """

    def __init__(self, folder: Path) -> None:
        """Raises `BackendError` where nothing can be written."""
        try:
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed with the spool
        except OSError as error:
            raise BackendError(f"frames cannot be kept in {folder}: {error}") from error
        weakref.finalize(self, self._file.close)
        self._shape: tuple[int, ...] = ()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, picture: npt.NDArray[np.uint8]) -> None:
        """Keep one more. Raises `BackendError` when the disk is full."""
        self._shape = picture.shape
        left = np.ascontiguousarray(picture).reshape(-1).data
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise BackendError(f"a frame could not be kept: {error}") from error
        self._count += 1

    def __iter__(self) -> Iterator[npt.NDArray[np.uint8]]:
        size = int(np.prod(self._shape))
        for number in range(self._count):
            picture = np.empty(self._shape, np.uint8)
            if os.preadv(self._file.fileno(), [picture.reshape(-1).data], number * size) != size:
                raise BackendError("a frame that was kept cannot be read again")
            yield picture
