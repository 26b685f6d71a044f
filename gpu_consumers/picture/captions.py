"""Captions: the phrase being spoken, word by word, in the lower part of the safe area."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.caption_styles import CaptionStyle
from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.cues import Cue
from gpu_consumers.picture.layout import Box, Layout
from gpu_consumers.picture.letters import Letters
from gpu_consumers.picture.motion import ease_out
from gpu_consumers.picture.palettes import Palette
from gpu_consumers.picture.paragraph import Paragraph, Placed, Setting, fit
from gpu_consumers.picture.shapes import rounded
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.tokens import Token

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


def overflowing(cues: Sequence[Cue], style: CaptionStyle, layout: Layout) -> list[Cue]:
    """The phrases that do not fit into the captions' box even at the smallest size: a quality gate."""
    box = layout.captions
    texts = [(cue, _paragraph(cue, style, layout)) for cue in cues]
    return [cue for cue, text in texts if text.width > box.width or text.height > box.height]


class Card:
    """One phrase, set once; each word's states are drawn when they are first needed."""

    def __init__(self, cue: Cue, style: CaptionStyle, palette: Palette, layout: Layout) -> None:
        self._cue, self._style, self._palette, self._layout = cue, style, palette, layout
        self._text = _paragraph(cue, style, layout)
        self._origin = _origin(self._text, layout.captions)
        self._panel = _panel(self._text, style)
        self._letters: dict[int, Letters] = {}
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
        return "large" if self._style.pop > 1 and since < 3 else "active"

    def _word(self, canvas: Canvas, number: int, state: str, lift: float) -> None:
        key = (number, state)
        if key not in self._art:
            self._art[key] = self._drawn(number, state)
        sprite, x, y = self._art[key]
        canvas.stamp(sprite, self._origin[0] + x, self._origin[1] + y + lift)

    def _drawn(self, number: int, state: str) -> tuple[Sprite, float, float]:
        word, style = self._text.words[number], self._style
        if state == "ahead":
            sprite, x, y = self._drawn(number, "said")
            return sprite.faded(style.ahead), x, y
        room = self._layout.captions.width / max(1.0, word.width)
        grown = max(1.0, min(style.pop, room)) if state == "large" else 1.0
        if number not in self._letters:
            self._letters[number] = Letters(word.text, style, self._text.size)
        letters = self._letters[number]
        sprite = letters.sprite(None if state == "said" else self._palette.accent, grown)
        shift, rise = word.width * (grown - 1) / 2, self._text.size * 0.36 * (grown - 1)
        above = (letters.margin + self._text.size) * grown
        return sprite, word.x - shift - letters.margin * grown, word.baseline + rise - above


def _paragraph(cue: Cue, style: CaptionStyle, layout: Layout) -> Paragraph:
    box, unit = layout.captions, layout.unit
    texts = [word.text.upper() if style.upper else word.text for word in cue.words]
    words = [Token(text, word.glued, n) for n, (text, word) in enumerate(zip(texts, cue.words, strict=True))]
    setting = Setting(face=style.face, size=round(style.largest * unit), leading=1.24, space=style.space)
    inner = (round(box.width * 0.96), box.height - round(40 * unit))
    return fit(words, setting, inner, smallest=round(26 * unit), lines=3)


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
