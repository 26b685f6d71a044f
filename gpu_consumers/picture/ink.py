"""Ink: layers of colour through masks, gathered into one sprite."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from gpu_consumers.picture.canvas import Sprite
from gpu_consumers.picture.colour import Floats, Rgb


class Ink:
    """A transparent sheet (h, w), even sizes, on which layers are laid from the bottom up."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width + width % 2, height + height % 2
        self._colour = np.zeros((self.height, self.width, 3), np.float32)
        self._alpha = np.zeros((self.height, self.width), np.float32)

    def mask(self) -> Image.Image:
        """An empty mask of the sheet's size, to draw into."""
        return Image.new("L", (self.width, self.height))

    def lay(self, mask: Image.Image | Floats, colour: Rgb, opacity: float = 1.0) -> None:
        """One colour through a mask: an image (mode L), or floats 0…1."""
        cover = np.asarray(mask, np.float32) / np.float32(255) if isinstance(mask, Image.Image) else mask
        self._over(cover * np.float32(opacity), np.array(colour, np.float32))

    def lay_picture(self, picture: Image.Image, x: int, y: int) -> None:
        """An RGBA picture with its top left corner at (x, y)."""
        sheet = Image.new("RGBA", (self.width, self.height))
        sheet.paste(picture, (x, y))
        rgba = np.asarray(sheet, np.float32)
        self._over(rgba[..., 3] / np.float32(255), rgba[..., :3])

    def sprite(self) -> Sprite:
        """What has been laid so far."""
        return Sprite.of_premultiplied(self._colour, self._alpha)

    def _over(self, cover: Floats, colour: npt.NDArray[np.float32]) -> None:
        rest = 1 - cover
        self._colour *= rest[..., None]
        self._colour += cover[..., None] * colour
        self._alpha *= rest
        self._alpha += cover
