"""The contact sheet: a row for each prompt, a cell for each scene, with the name of its look; rows in two columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from gpu_consumers.gallery.stills import Still
from gpu_consumers.picture.paragraph import Setting, fit
from gpu_consumers.picture.text import draw
from gpu_consumers.picture.tokens import tokens
from gpu_consumers.picture.typefaces import Face

GAP, LABEL, MARGIN = 14, 300, 32
_PAPER, _INK, _GREY = (18, 18, 24), (245, 245, 250), (150, 150, 165)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A prompt and the moments of its scenes."""

    prompt: str
    about: str  #: archetype and palette
    stills: Sequence[Still]


def sheet(rows: Sequence[Row]) -> Image.Image:
    """All rows below one another. Every still must have the width of the first one."""
    wide, tall = rows[0].stills[0].width, max(still.height for row in rows for still in row.stills)
    columns = 2 if len(rows) > 3 and across(rows) < 9 else 1
    down, step = -(-len(rows) // columns), tall + 30 + GAP
    column = LABEL + across(rows) * (wide + GAP) + MARGIN
    image = Image.new("RGB", (columns * column + MARGIN, 2 * MARGIN + down * step), _PAPER)
    for n, row in enumerate(rows):
        _row(image, row, MARGIN + n // down * column, MARGIN + n % down * step)
    return image


def across(rows: Sequence[Row]) -> int:
    """Cells of the longest row."""
    return max(len(row.stills) for row in rows)


def _row(image: Image.Image, row: Row, left: int, top: int) -> None:
    _text(image, row.prompt, (left, top + 8), 30, _INK, LABEL - MARGIN)
    _text(image, row.about, (left, top + row.stills[0].height - 8), 20, _GREY, LABEL - MARGIN)
    for n, still in enumerate(row.stills):
        x = left + LABEL + n * (still.width + GAP)
        image.paste(still.image, (x, top))
        _text(image, still.look, (x + 2, top + still.height + 9), 17, _GREY, still.width)


def _text(
    image: Image.Image, text: str, at: tuple[int, int], size: int, colour: tuple[int, int, int], width: int
) -> None:
    setting = Setting(face=Face.BOLD, size=size, align="start", leading=1.2)
    placed = fit(tokens(text), setting, (width, 20 * size), smallest=size)
    mask = Image.new("L", (width, placed.height + size))
    for word in placed.words:
        draw(mask, word.x, word.baseline, word.text, placed.face, placed.size)
    ImageDraw.Draw(image).bitmap(at, mask, fill=colour)
