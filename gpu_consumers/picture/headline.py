"""Headlines: large type that arrives line by line and hops with the sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import ImageFilter

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import BLACK, WHITE, Rgb
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import ease_out, progress
from gpu_consumers.picture.paragraph import Align, Paragraph, Setting, fit
from gpu_consumers.picture.shapes import even
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.tokens import tokens
from gpu_consumers.picture.typefaces import Face
from gpu_consumers.picture.typeset import lay_words, words_mask

HOP = 9  #: frames that a hop takes
SMALLEST = 30  #: type size below which nothing is set, in pixels


@dataclass(frozen=True, kw_only=True)
class Type:
    """How a headline is set. `largest` is the size in pixels."""

    face: Face = Face.BLACK
    largest: int = 150
    upper: bool = False
    align: Align = "center"
    vertical: float = 0.5  #: where in the box it stands: 0 at its top, 1 at its bottom
    leading: float = 1.08
    lines: int = 6
    colour: Rgb = WHITE
    shadow: float = 0.4
    outline: float = 0.0  #: share of the size
    outline_colour: Rgb = BLACK
    enter: Literal["rise", "slide"] = "rise"  #: from below, or from alternating sides


class Headline:
    """Set text, one sprite a line. Lines appear one after the other; with `start` long past they simply stand there."""

    def __init__(self, text: str, box: Box, style: Type, start: float = 2, beats: Sequence[int] = ()) -> None:
        words = tokens(text.upper() if style.upper else text)
        setting = Setting(face=style.face, size=style.largest, align=style.align, leading=style.leading)
        smallest = min(SMALLEST, style.largest)
        self.text = fit(words, setting, (box.width, box.height), smallest=smallest, lines=style.lines)
        self.x = self.text.start(box.x, box.width)
        self.y = box.y + (box.height - self.text.height) * style.vertical
        self._start, self._enter, self._beats = start, style.enter, beats
        self._lines = [_line(self.text, number, style) for number in range(self.text.lines)]

    @property
    def bottom(self) -> float:
        """The last baseline on the canvas."""
        return self.y + self.text.height

    def draw(self, canvas: Canvas, frame: int, dx: float = 0, dy: float = 0) -> None:
        """Blend it into the canvas as it stands at that frame."""
        dy -= self._hop(frame)
        for number, (sprite, margin, top) in enumerate(self._lines):
            shown = ease_out(progress(frame, self._start + number * 3, 9))
            if shown <= 0:
                continue
            art = sprite if shown > 0.98 else sprite.faded(shown)
            away = 1 - shown
            if self._enter == "slide":
                across, down = away * canvas.width * (0.35 if number % 2 else -0.35), 0.0
            else:
                across, down = 0.0, away * self.text.size * 0.6
            canvas.stamp(art, self.x - margin + dx + across, self.y + top - margin + dy + down)

    def _hop(self, frame: int) -> float:
        """A little jump where a sentence begins, so that a long scene keeps moving with the voice."""
        since = min((frame - beat for beat in self._beats if frame >= beat), default=HOP)
        return math.sin(math.pi * progress(since, 0, HOP)) * self.text.size * 0.16


def _line(text: Paragraph, number: int, style: Type) -> tuple[Sprite, int, float]:
    words = [word for word in text.words if word.line == number]
    margin, top = even(text.size * 0.35), words[0].baseline - text.size
    ink = Ink(text.width + 2 * margin, round(text.size * 1.4) + 2 * margin)
    origin = margin, margin - top
    edge = words_mask(ink, text, words, origin, style.outline * text.size)
    if style.shadow:
        ink.lay(edge.filter(ImageFilter.BoxBlur(text.size * 0.08)), BLACK, style.shadow)
    if style.outline:
        ink.lay(edge, style.outline_colour)
    lay_words(ink, text, words, origin, style.colour)
    return ink.sprite(), margin, top
