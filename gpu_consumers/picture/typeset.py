"""Typesetting: the words of a paragraph, letters and emoji, laid on a sheet of ink."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.paragraph import Paragraph, Placed
from gpu_consumers.picture.text import draw, emoji

#: How far an emoji hangs below the line's top, as a share of the type size: a little below the baseline.
DROP = 1.14


def words_mask(
    ink: Ink, text: Paragraph, words: Sequence[Placed], origin: tuple[float, float], stroke: float = 0
) -> Image.Image:
    """A mask of the words' letters, the paragraph's top left corner at `origin`; `stroke` makes them bolder."""
    mask = ink.mask()
    for word in words:
        draw(mask, origin[0] + word.x, origin[1] + word.baseline, word.text, text.face, text.size, stroke)
    return mask


def lay_words(ink: Ink, text: Paragraph, words: Sequence[Placed], origin: tuple[float, float], colour: Rgb) -> None:
    """Lay the words in a colour, and their emoji in their own."""
    ink.lay(words_mask(ink, text, words, origin), colour)
    for word in words:
        for x, picture in emoji(word.text, text.face, text.size):
            top = origin[1] + word.baseline - text.size + text.size * DROP - picture.height
            ink.lay_picture(picture, round(origin[0] + word.x + x), round(top))
