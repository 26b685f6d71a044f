"""Letters: one word of a caption, as sprites in its several states."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from gpu_consumers.picture.caption_styles import CaptionStyle
from gpu_consumers.picture.colour import BLACK, WHITE, Floats, Rgb
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.palettes import ink_on
from gpu_consumers.picture.shapes import even, rounded
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.text import advance, draw, emoji
from gpu_consumers.picture.typeset import DROP


class Letters:
    """The masks of a word: drawn once, coloured as often as it changes. Its baseline is at (margin, margin + size)."""

    def __init__(self, word: str, style: CaptionStyle, size: int) -> None:
        self._word, self._style, self._size = word, style, size
        self.margin = even(size * 0.34)
        self._width = round(advance(word, style.face, size))
        self._sheet = (even(self._width + 2 * self.margin), even(size * 1.36 + 2 * self.margin))
        self._fill, edge = Image.new("L", self._sheet), Image.new("L", self._sheet)
        at = self.margin, self.margin + size
        draw(self._fill, *at, word, style.face, size)
        draw(edge, *at, word, style.face, size, style.outline * size)
        shadow = edge.filter(ImageFilter.BoxBlur(size * 0.07)).point(lambda level: level * 0.55)
        self._under = ImageChops.lighter(shadow, edge) if style.outline else shadow

    def sprite(self, accent: Rgb | None, grown: float = 1.0) -> Sprite:
        """The word in white, or made active in that colour: its letters, or the plate behind them.

        `grown` makes all of it larger, the margins too.
        """
        size = even(self._sheet[0] * grown), even(self._sheet[1] * grown)
        ink, colour = Ink(*size), accent or WHITE
        if accent and self._style.boxed:
            ink.lay(self._plate(), accent)
            colour = ink_on(accent)
        else:
            ink.lay(_resized(self._under, size), BLACK)
        ink.lay(_resized(self._fill, size), colour)
        for x, picture in emoji(self._word, self._style.face, self._size):
            top = self.margin + self._size * DROP - picture.height
            wide, tall = round(picture.width * grown), round(picture.height * grown)
            ink.lay_picture(picture.resize((wide, tall)), round((self.margin + x) * grown), round(top * grown))
        return ink.sprite()

    def _plate(self) -> Floats:
        size = self._size
        plate = rounded(self._width + round(size * 0.36), round(size * 1.24), size * 0.24, self._sheet)
        return np.roll(plate, self.margin + size - round(size * 0.36) - self._sheet[1] // 2, axis=0)


def _resized(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    return mask if mask.size == size else mask.resize(size, Image.Resampling.BILINEAR)
