"""Sprites: small pictures with transparency, as what one blend needs. Plates: opaque ones, which are copied."""

from __future__ import annotations

from copy import copy

import numpy as np
import numpy.typing as npt
from PIL import Image

from gpu_consumers.picture.colour import Plane, Planes, Rgb, halved, yuv, yuv420

Wide = npt.NDArray[np.uint16]


class Sprite:
    """A small picture with transparency, kept as what one blend needs: `dst * keep + add >> 8`."""

    __slots__ = ("add", "height", "keep", "left", "top", "width")

    def __init__(self, add: tuple[Wide, Wide, Wide], keep: tuple[Wide, Wide]) -> None:
        self.height, self.width = keep[0].shape
        # What is wholly transparent round it is cut off, and remembered as an offset.
        rows, columns = _extent(keep[1], axis=1), _extent(keep[1], axis=0)
        self.left, self.top = 2 * columns.start, 2 * rows.start
        half = (rows, columns)
        full = (slice(2 * rows.start, 2 * rows.stop), slice(2 * columns.start, 2 * columns.stop))
        self.add, self.keep = (add[0][full], add[1][half], add[2][half]), (keep[0][full], keep[1][half])

    @classmethod
    def of_mask(cls, mask: npt.NDArray[np.floating], colour: Rgb) -> Sprite:
        """One colour through a mask (h, w) of 0…1, even sizes."""
        alpha = mask.astype(np.float32) * 256
        small = halved(alpha)
        luma, blue, red = yuv(colour)
        add = (_wide(alpha * luma), _wide(small * blue), _wide(small * red))
        return cls(add, (256 - _wide(alpha), 256 - _wide(small)))

    def faded(self, alpha: float) -> Sprite:
        """The same, less opaque: 1 is as it is, 0 is nothing."""
        weight = np.uint32(round(256 * min(1.0, max(0.0, alpha))))
        made = copy(self)
        luma, blue, red = ((plane * weight >> np.uint32(8)).astype(np.uint16) for plane in self.add)
        made.add = luma, blue, red
        full, half = ((256 - ((256 - plane) * weight >> np.uint32(8))).astype(np.uint16) for plane in self.keep)
        made.keep = full, half
        return made

    def cut(self, width: float) -> Sprite:
        """Its left part, of about that many pixels."""
        made, half = copy(self), max(0, round((width - self.left) / 2))
        luma, blue, red = self.add
        made.add = luma[:, : 2 * half], blue[:, :half], red[:, :half]
        made.keep = self.keep[0][:, : 2 * half], self.keep[1][:, :half]
        return made


class Plate:
    """An opaque picture in planes; it may be larger than the canvas, and is pasted by copying."""

    __slots__ = ("height", "planes", "width")

    def __init__(self, planes: Planes) -> None:
        self.planes = planes
        self.height, self.width = planes[0].shape

    @classmethod
    def of_image(cls, image: Image.Image) -> Plate:
        """From any image; padded to even sizes."""
        return cls(yuv420(np.asarray(_even(image.convert("RGB")))))

    @classmethod
    def of_mask(cls, mask: Image.Image, ground: Rgb, colour: Rgb) -> Plate:
        """One colour on another through a mask (mode L), even sizes."""
        full, half = np.asarray(mask), np.asarray(mask.reduce(2))
        tones = zip((full, half, half), yuv(ground), yuv(colour), strict=True)
        luma, blue, red = (np.linspace(low, high, 256).round().astype(np.uint8)[share] for share, low, high in tones)
        return cls((luma, blue, red))

    def lay(self, mask: Image.Image, colour: Rgb) -> None:
        """One more colour through a mask of the plate's size."""
        small = mask.reduce(2)
        for plane, cover, level in zip(self.planes, (mask, small, small), yuv(colour), strict=True):
            share = np.asarray(cover).astype(np.uint16)
            share += share >> 7
            blend(plane, 256 - share, share * np.uint16(level))

    @classmethod
    def plain(cls, width: int, height: int, colour: Rgb) -> Plate:
        """One colour. Sizes must be even."""
        luma, blue, red = yuv(colour)
        half = (height // 2, width // 2)
        full = np.full((height, width), luma, np.uint8)
        return cls((full, np.full(half, blue, np.uint8), np.full(half, red, np.uint8)))


def blend(target: Plane, keep: Wide, add: Wide) -> None:
    """`target * keep + add >> 8`, in place."""
    mixed = np.multiply(target, keep, dtype=np.uint16)
    mixed += add
    np.right_shift(mixed, 8, out=mixed)
    target[...] = mixed


def _extent(keep: Wide, axis: int) -> slice:
    seen = np.flatnonzero((keep < 256).any(axis=axis))
    return slice(int(seen[0]), int(seen[-1]) + 1) if len(seen) else slice(0, 1)


def _wide(plane: npt.NDArray[np.floating]) -> Wide:
    return np.asarray(plane + 0.5, dtype=np.uint16)


def _even(image: Image.Image) -> Image.Image:
    width, height = image.size
    if width % 2 == 0 and height % 2 == 0:
        return image
    padded = Image.new(image.mode, (width + width % 2, height + height % 2))
    padded.paste(image)
    return padded
