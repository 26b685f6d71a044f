"""Captions: the phrase being spoken, word by word, in the lower part of the safe area."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import ImageFilter

from gpu_consumers.picture.canvas import Canvas, Sprite
from gpu_consumers.picture.caption_styles import CaptionStyle
from gpu_consumers.picture.colour import BLACK, WHITE, Rgb
from gpu_consumers.picture.cues import Cue
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.layout import Box, Layout
from gpu_consumers.picture.motion import ease_out
from gpu_consumers.picture.palettes import Palette, ink_on
from gpu_consumers.picture.paragraph import Paragraph, Placed, Token, fit
from gpu_consumers.picture.shapes import even, rounded
from gpu_consumers.picture.text import advance, draw, emoji

_NIGHT = Rgb(8, 8, 14)


class Captions:
    """Draws the caption of any moment; moments must come in order, since only the standing phrase is kept."""

    def __init__(self, cues: Sequence[Cue], style: CaptionStyle, palette: Palette, layout: Layout, fps: int) -> None:
        self._cues = [single for cue in cues for single in _singles(cue)] if style.single else list(cues)
        self._style, self._palette, self._layout, self._fps = style, palette, layout, fps
        self._at = 0
        self._card: Card | None = None

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Blend what is being said at that frame into the canvas."""
        at_ms = (frame + 0.5) * 1000 / self._fps
        while self._at < len(self._cues) and at_ms >= self._cues[self._at].end_ms:
            self._at, self._card = self._at + 1, None
        if self._at < len(self._cues) and at_ms >= self._cues[self._at].start_ms:
            self._card = self._card or Card(self._cues[self._at], self._style, self._palette, self._layout)
            self._card.draw(canvas, at_ms, self._fps)


class Card:
    """One phrase, set once; each word's states are drawn when they are first needed."""

    def __init__(self, cue: Cue, style: CaptionStyle, palette: Palette, layout: Layout) -> None:
        self._cue, self._style, self._palette, self._layout = cue, style, palette, layout
        self._text = _paragraph(cue, style, layout)
        self._origin = _origin(self._text, layout.captions)
        self._panel = _panel(self._text, style)
        self._art: dict[tuple[int, str], tuple[Sprite, float, float]] = {}

    def draw(self, canvas: Canvas, at_ms: float, fps: int) -> None:
        """Blend the phrase as it stands at that time."""
        entrance = ease_out((at_ms - self._cue.start_ms) * fps / 1000 / 4)
        lift = (1 - entrance) * 26 * self._layout.unit
        active = self._cue.active(at_ms)
        if self._panel:
            sprite, dx, dy = self._panel
            canvas.stamp(sprite, self._origin[0] + dx, self._origin[1] + dy + lift)
        # The active word is drawn last: it may overlap its neighbours while it is larger.
        for number in sorted(range(len(self._text.words)), key=lambda n: self._text.words[n].index == active):
            self._word(canvas, number, self._state(self._text.words[number], active, at_ms, fps), lift)

    def _state(self, word: Placed, active: int, at_ms: float, fps: int) -> str:
        if word.index != active:
            return "said" if word.index < active else "ahead"
        since = (at_ms - self._cue.words[active].start_ms) * fps / 1000
        if self._style.pop == 1.0 or since >= 3:
            return "active"
        return "larger" if since < 2 else "large"

    def _word(self, canvas: Canvas, number: int, state: str, lift: float) -> None:
        key = (number, state)
        if key not in self._art:
            self._art[key] = self._drawn(self._text.words[number], state)
        sprite, x, y = self._art[key]
        canvas.stamp(sprite, self._origin[0] + x, self._origin[1] + y + lift)

    def _drawn(self, word: Placed, state: str) -> tuple[Sprite, float, float]:
        style, active = self._style, state not in ("said", "ahead")
        grown = {"larger": style.pop, "large": 1 + (style.pop - 1) / 2}.get(state, 1.0)
        size = round(self._text.size * grown)
        colour = self._palette.accent if active and not style.boxed else WHITE
        plate = self._palette.accent if active and style.boxed else None
        sprite, margin = draw_word(word.text, style, size, colour, style.ahead if state == "ahead" else 1.0, plate)
        shift = word.width * (grown - 1) / 2
        rise = size * 0.36 * (grown - 1)
        return sprite, word.x - shift - margin, word.baseline + rise - margin - size


def draw_word(
    word: str, style: CaptionStyle, size: int, colour: Rgb, opacity: float, plate: Rgb | None
) -> tuple[Sprite, int]:
    """A word as a sprite, and its margin: the left end of its baseline is at (margin, margin + size)."""
    outline = style.outline * size
    margin = even(size * 0.34)
    width = round(advance(word, style.face, size))
    ink = Ink(width + 2 * margin, round(size * 1.36) + 2 * margin)
    letters, edge = ink.mask(), ink.mask()
    draw(letters, margin, margin + size, word, style.face, size)
    draw(edge, margin, margin + size, word, style.face, size, outline)
    if plate is not None:
        colour = ink_on(plate)
        wide, tall = width + round(size * 0.36), round(size * 1.24)
        sheet = rounded(wide, tall, size * 0.24, (ink.width, ink.height))
        down = margin + size - round(size * 0.36) - ink.height // 2
        ink.lay(np.roll(sheet, down, axis=0), plate)
    else:
        ink.lay(edge.filter(ImageFilter.GaussianBlur(size * 0.08)), BLACK, 0.55 * opacity)
        if outline:
            ink.lay(edge, _NIGHT, opacity)
    ink.lay(letters, colour, opacity)
    for x, picture in emoji(word, style.face, size):
        ink.lay_picture(picture, round(margin + x), round(margin + size * 1.14 - picture.height))
    return ink.sprite(), margin


def _paragraph(cue: Cue, style: CaptionStyle, layout: Layout) -> Paragraph:
    box, unit = layout.captions, layout.unit
    words = [Token(word.text.upper() if style.upper else word.text, word.glued) for word in cue.words]
    inner = (round(box.width * 0.96), box.height - round(40 * unit))
    return fit(words, style.face, inner, (round(26 * unit), round(style.largest * unit)), lines=3, leading=1.24)


def _origin(text: Paragraph, box: Box) -> tuple[float, float]:
    return box.x + (box.width - text.width) / 2, box.y + (box.height - text.height) / 2


def _panel(text: Paragraph, style: CaptionStyle) -> tuple[Sprite, float, float] | None:
    if not style.panel:
        return None
    pad = round(text.size * 0.5)
    mask = rounded(text.width + 2 * pad, text.height + 2 * pad, text.size * 0.4)
    return Sprite.of_mask(mask * style.panel, _NIGHT), -pad, -pad


def _singles(cue: Cue) -> list[Cue]:
    ends = [word.start_ms for word in cue.words[1:]] + [cue.end_ms]
    return [Cue((word,), word.start_ms, max(word.start_ms + 1, end)) for word, end in zip(cue.words, ends, strict=True)]
