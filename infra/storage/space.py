"""How much room is left on the disk, and when to stop filling it. Two thresholds, so that it does not flutter."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra.settings import Settings

MB = 1_000_000
#: Seconds for which an answer holds.
_FRESH_S = 1.0


def free_bytes(path: Path) -> int:
    """Bytes that are free where a path lies; the nearest folder above it counts where it does not exist yet."""
    there = next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


@dataclass
class DiskSpace:
    """Full below `low` bytes, and full until there are `enough` again."""

    path: Path
    low: int
    enough: int
    free: Callable[[Path], int] = free_bytes
    clock: Callable[[], float] = time.monotonic
    _full: bool = False
    _asked: float = field(default=-_FRESH_S)

    @classmethod
    def of(cls, settings: Settings) -> DiskSpace:
        """Where the media lie, or their copies: beside each other."""
        low, enough = settings.disk_low_mb * MB, settings.disk_enough_mb * MB
        return cls(path=settings.media_dir, low=low, enough=max(low, enough))

    def shortage(self) -> str | None:
        """Why nothing more should be written; None while there is room."""
        now = self.clock()
        if now - self._asked >= _FRESH_S:
            self._asked, left = now, self.free(self.path)
            self._full = left < (self.enough if self._full else self.low)
            self._left = left
        if not self._full:
            return None
        return f"the disk is nearly full: {self._left // MB} MB are free, work goes on from {self.enough // MB} MB"

    _left: int = 0
