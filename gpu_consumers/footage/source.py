"""Footage as frames: whichever kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from gpu_consumers.footage.clip import ClipSource
from gpu_consumers.footage.errors import FootageError
from gpu_consumers.footage.image import ImageSource
from gpu_consumers.picture.canvas import Canvas
from schemas.footage import Footage, FootageKind


class Source(Protocol):
    """Frames in order, from 0."""

    def frame(self, number: int) -> Canvas:
        """Raises `FootageError`."""
        ...


def opened(
    footage: Footage, files: Mapping[str, Path], size: tuple[int, int], fps: int, frames: int, seed: int
) -> Source:
    """The footage's frames for a picture of that size and length. Raises `FootageError`."""
    path = files.get(footage.artifact.name)
    if path is None or not path.is_file():
        raise FootageError(f"the media store does not hold {footage.artifact.name}")
    if footage.kind is FootageKind.IMAGE:
        return ImageSource(path, footage, size, frames, seed)
    return ClipSource(path, footage, size, fps)
