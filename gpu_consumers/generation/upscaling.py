"""Pictures made larger by a network: safetensors of an architecture that spandrel knows, so no code comes with them."""

from __future__ import annotations

import threading
from itertools import product
from math import isqrt
from pathlib import Path
from typing import Any

import av
import numpy as np

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation.manifest import GIB, Post
from gpu_consumers.generation.post import Classical
from gpu_consumers.generation.tensors import Picture, first, given, taken, there

#: Pixels around a tile that the network sees and that are cut off again: what is at its edges is right, too.
MARGIN = 32
#: Feature maps of 64 channels at the size of the result that an upscaler holds at once.
_MAPS = 4 * 64
#: A tile has no shorter sides than that.
_LEAST = 2 * MARGIN + 32
_INSTALL = "Install the extra `gpu`: pip install 'swipestream[gpu]'"


class _Fitting(threading.local):
    """A filter for each thread: they keep a state."""

    def __init__(self, post: Post) -> None:
        self.filter = Classical(post)


class Learned:
    """An `Upscaler`: a network enlarges by its own factor, in tiles; Lanczos fits that to the size that is wanted."""

    def __init__(self, file: Path, place: Any, post: Post) -> None:
        """Raises `BackendMissingError` without the file or spandrel, `BackendError` for one that does not enlarge."""
        import torch

        found = _described(file, place)
        half = torch.device(place).type == "cuda" and found.supports_half
        self._torch, self._file, self._place = torch, file, place
        self._network = found.to(torch.float16 if half else torch.float32).eval()
        self._dtype, self.module = torch.float16 if half else torch.float32, found.model
        self.scale, self.architecture = int(found.scale), str(found.architecture.name)
        self.side = _side(post.peak, self.scale, 2 if half else 4)
        self._fitting = _Fitting(post)

    def enlarge(self, picture: Picture, width: int, height: int) -> av.VideoFrame:
        """See `Upscaler`. Raises `BackendError` where it gives no picture, and what torch raises."""
        return self.fit(self.grow(picture), width, height)

    def fit(self, picture: Picture, width: int, height: int) -> av.VideoFrame:
        """What it made of a picture, at the wanted size. Needs no device, and may be called by any thread."""
        return self._fitting.filter.enlarge(picture, width, height)

    def grow(self, picture: Picture) -> Picture:
        """The picture, larger by the network's factor. Raises as `enlarge`."""
        height, width = picture.shape[:2]
        large = np.empty((height * self.scale, width * self.scale, 3), np.uint8)
        for top, left in product(range(0, height, self.side), range(0, width, self.side)):
            rows, columns = (top, min(height, top + self.side)), (left, min(width, left + self.side))
            large[_at(rows, self.scale), _at(columns, self.scale)] = self._tile(picture, rows, columns)
        return large

    def _tile(self, picture: Picture, rows: tuple[int, int], columns: tuple[int, int]) -> Picture:
        (top, height), (left, width) = _around(rows, picture.shape[0]), _around(columns, picture.shape[1])
        tile = given(self._torch, picture[top:height, left:width], self._place, self._dtype)
        with self._torch.inference_mode():
            made = self._network(tile)
        inner = (rows[0] - top, rows[1] - top), (columns[0] - left, columns[1] - left)
        return taken(self._torch, made, self._file)[_at(inner[0], self.scale), _at(inner[1], self.scale)]


def _described(file: Path, place: Any) -> Any:
    """What spandrel finds in a file."""
    there(file)
    if file.suffix != ".safetensors":
        hint = "docs/howto/models.md shows how to make one of a .pth file."
        raise BackendError(f"{file} is no safetensors file: pickled weights are never loaded", hint=hint)
    try:
        import spandrel
        import torch
    except ImportError as error:
        raise BackendMissingError("an upscaler needs spandrel", hint=_INSTALL) from error
    try:
        found = spandrel.ModelLoader(device=place).load_from_file(file)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # its loaders raise whatever a file that is not what it seems to be makes them
        raise BackendError(f"{file} is no network that spandrel knows: {first(error)}") from error
    colours = (found.input_channels, found.output_channels)
    if not isinstance(found, spandrel.ImageModelDescriptor) or found.scale < 2 or colours != (3, 3):
        told = f"{found.architecture.name}, {found.purpose}, {found.scale}x, channels {colours[0]} to {colours[1]}"
        raise BackendError(f"{file} does not enlarge colour pictures: {told}")
    return found


def _side(peak_gib: float, scale: int, size: int) -> int:
    """The side of a tile for that much memory, so that with its margins the network's features fit."""
    most = isqrt(int(peak_gib * GIB / (scale**2 * _MAPS * size)))
    return max(_LEAST, most) - 2 * MARGIN


def _around(part: tuple[int, int], whole: int) -> tuple[int, int]:
    return max(0, part[0] - MARGIN), min(whole, part[1] + MARGIN)


def _at(part: tuple[int, int], scale: int) -> slice:
    return slice(part[0] * scale, part[1] * scale)
