"""Ink: layers of colour through masks, gathered into one sprite; in integers and video planes, for speed."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image

from gpu_consumers.picture.colour import Floats, Rgb, yuv, yuv420
from gpu_consumers.picture.sprite import Sprite, Wide


def sprite_of(image: Image.Image) -> Sprite:
    """A sprite from an RGBA image."""
    ink = Ink(*image.size)
    ink.lay_picture(image, 0, 0)
    return ink.sprite()


class Ink:
    """A transparent sheet (h, w), even sizes, on which layers are laid from the bottom up."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width + width % 2, height + height % 2
        full, half = (self.height, self.width), (self.height // 2, self.width // 2)
        self._add = (np.zeros(full, np.uint16), np.zeros(half, np.uint16), np.zeros(half, np.uint16))
        self._keep = (np.full(full, 256, np.uint16), np.full(half, 256, np.uint16))

    def mask(self) -> Image.Image:
        """An empty mask of the sheet's size, to draw into."""
        return Image.new("L", (self.width, self.height))

    def lay(self, mask: Image.Image | Floats, colour: Rgb, opacity: float = 1.0) -> None:
        """One colour through a mask: an image (mode L), or floats 0…1."""
        image = mask if isinstance(mask, Image.Image) else Image.fromarray(np.asarray(mask * np.float32(255), np.uint8))
        luma, blue, red = yuv(colour)
        covers = _cover(image, opacity), _cover(image.reduce(2), opacity)
        self._over(covers, (covers[0] * np.uint16(luma), covers[1] * np.uint16(blue), covers[1] * np.uint16(red)))

    def lay_picture(self, picture: Image.Image, x: int, y: int) -> None:
        """An RGBA picture with its top left corner at (x, y)."""
        sheet = Image.new("RGBA", (self.width, self.height))
        sheet.paste(picture, (x, y))
        covers = _cover(sheet.getchannel("A"), 1.0), _cover(sheet.getchannel("A").reduce(2), 1.0)
        luma, blue, red = yuv420(np.asarray(sheet)[..., :3])
        self._over(covers, (covers[0] * luma, covers[1] * blue, covers[1] * red))

    def sprite(self) -> Sprite:
        """What has been laid so far. The sheet must not be used afterwards."""
        return Sprite(self._add, self._keep)

    def _over(self, covers: tuple[Wide, Wide], colours: tuple[Wide, Wide, Wide]) -> None:
        rests = np.uint16(256) - covers[0], np.uint16(256) - covers[1]
        for plane, rest, colour in zip(self._add, (rests[0], rests[1], rests[1]), colours, strict=True):
            plane >>= 8
            plane *= rest
            plane += colour
        for plane, rest in zip(self._keep, rests, strict=True):
            plane[...] = np.multiply(plane, rest, dtype=np.uint32) >> 8  # 256 × 256 is one more than 16 bits hold


def _cover(mask: Image.Image, opacity: float) -> Wide:
    return np.take(_table(round(256 * opacity)), np.asarray(mask))


@cache
def _table(most: int) -> Wide:
    return np.linspace(0, most, 256).round().astype(np.uint16)
