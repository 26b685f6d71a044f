"""Headlines: large type that arrives line by line."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import ImageFilter

from gpu_consumers.picture.canvas import Canvas, Sprite
from gpu_consumers.picture.colour import BLACK, WHITE, Rgb
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import ease_out, progress
from gpu_consumers.picture.paragraph import Paragraph, fit, tokens
from gpu_consumers.picture.shapes import even
from gpu_consumers.picture.text import draw, emoji
from gpu_consumers.picture.typefaces import Face


@dataclass(frozen=True, kw_only=True)
class Type:
    """How a headline is set. `largest` is the size in pixels."""

    face: Face = Face.BLACK
    largest: int = 150
    smallest: int = 34
    upper: bool = False
    align: str = "center"
    vertical: float = 0.5  #: where in the box it stands: 0 at its top, 1 at its bottom
    leading: float = 1.08
    lines: int = 6
    colour: Rgb = WHITE
    shadow: float = 0.4
    outline: float = 0.0  #: share of the size
    outline_colour: Rgb = BLACK


class Headline:
    """Set text, one sprite a line. Lines rise and appear one after the other, a few frames apart."""

    def __init__(self, text: str, box: Box, style: Type, *, start: int = 0, stagger: int = 3, frames: int = 10) -> None:
        words = tokens(text.upper() if style.upper else text)
        sizes = (min(style.smallest, style.largest), style.largest)
        self.text = fit(
            words, style.face, (box.width, box.height), sizes, align=style.align, leading=style.leading, lines=style.lines
        )
        slack = {"left": 0.0, "center": 0.5, "right": 1.0}[style.align]
        self.x = box.x + (box.width - self.text.width) * slack
        self.y = box.y + (box.height - self.text.height) * style.vertical
        self._start, self._stagger, self._frames = start, stagger, frames
        self._lines = [_line(self.text, number, style) for number in range(self.text.lines)]

    @property
    def bottom(self) -> float:
        """The last baseline on the canvas."""
        return self.y + self.text.height

    def draw(self, canvas: Canvas, frame: int, dx: float = 0, dy: float = 0) -> None:
        """Blend it into the canvas as it stands at that frame."""
        for number, (sprite, margin, top) in enumerate(self._lines):
            shown = ease_out(progress(frame, self._start + number * self._stagger, self._frames))
            if shown > 0:
                drop = (1 - shown) * self.text.size * 0.6
                art = sprite if shown > 0.98 else sprite.faded(shown)
                canvas.stamp(art, self.x - margin + dx, self.y + top - margin + drop + dy)


def _line(text: Paragraph, number: int, style: Type) -> tuple[Sprite, int, float]:
    words = [word for word in text.words if word.line == number]
    margin = even(text.size * 0.35)
    top = words[0].baseline - text.size
    ink = Ink(text.width + 2 * margin, round(text.size * 1.4) + 2 * margin)
    letters, edge = ink.mask(), ink.mask()
    for word in words:
        draw(letters, margin + word.x, margin + text.size, word.text, text.face, text.size)
        draw(edge, margin + word.x, margin + text.size, word.text, text.face, text.size, style.outline * text.size)
    if style.shadow:
        ink.lay(edge.filter(ImageFilter.GaussianBlur(text.size * 0.09)), BLACK, style.shadow)
    if style.outline:
        ink.lay(edge, style.outline_colour)
    ink.lay(letters, style.colour)
    for word in words:
        for x, picture in emoji(word.text, text.face, text.size):
            ink.lay_picture(picture, round(margin + word.x + x), round(margin + text.size * 1.14 - picture.height))
    return ink.sprite(), margin, top
