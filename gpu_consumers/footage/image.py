"""Images as moving pictures: a slow zoom or pan, in fractions of a pixel."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from gpu_consumers.footage.errors import FootageError
from gpu_consumers.footage.sniff import sniffed
from gpu_consumers.footage.view import REACH, chosen, moved
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import yuv420
from schemas.footage import Footage

#: More pixels than this are not decoded, in millions: a small file can unpack to a very large picture.
MOST_MEGAPIXELS = 80


class ImageSource:
    """Frames over one image."""

    def __init__(self, path: Path, footage: Footage, size: tuple[int, int], frames: int, seed: int) -> None:
        """`size` is that of the picture, `frames` its length. Raises `FootageError`."""
        image = _opened(path, size)
        self._size, self._frames = size, frames
        self._planes = [Image.fromarray(plane) for plane in yuv420(np.asarray(image))]
        self._whole = image.size
        self._focus, self._move = (footage.focus_x, footage.focus_y), chosen(footage.move, seed)
        self._canvas = Canvas.blank(*size)

    def frame(self, number: int) -> Canvas:
        """The picture at that frame, on a canvas that the next one is drawn on again."""
        view = moved(self._whole, self._size, self._focus, self._move, number / max(1, self._frames - 1))
        for shift, target, plane in zip((0, 1, 1), self._canvas.planes, self._planes, strict=True):
            box = tuple(edge / (1 << shift) for edge in view.box)
            right, bottom = min(box[2], plane.width), min(box[3], plane.height)
            part = plane.resize(target.shape[::-1], Image.Resampling.BILINEAR, box=(box[0], box[1], right, bottom))
            target[...] = np.asarray(part)
        return self._canvas


def _opened(path: Path, size: tuple[int, int]) -> Image.Image:
    """The image upright in RGB, with even sides, no larger than is of use."""
    known = sniffed(path)
    if known is None:
        raise FootageError(f"{path.name} is no image that can be shown (JPEG, PNG or WebP)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # judged by its pixels below
            with Image.open(path, formats=[known.reader]) as image:
                if image.width * image.height > MOST_MEGAPIXELS * 1_000_000 or min(image.size) < 16:
                    raise FootageError(f"the image has {image.width} x {image.height} pixels")
                scale = REACH * max(size[0] / min(image.size), size[1] / min(image.size))
                image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except FootageError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as failure:
        raise FootageError(f"the image cannot be read: {failure}") from failure
    return _useful(upright, size)


def _useful(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = min(1.0, REACH * max(size[0] / image.width, size[1] / image.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS) if (width, height) != image.size else image
