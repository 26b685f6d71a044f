"""Counter: a number from the text counts up over bars that grow; without one, the bars and the heading alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.headline import Headline, Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import ease_out, overshoot, progress, sway
from gpu_consumers.picture.shapes import even, rounded
from gpu_consumers.picture.sprite import Plate, Sprite
from gpu_consumers.picture.stage import Paint, Stage
from gpu_consumers.picture.typefaces import Face

_NUMBER = re.compile(r"(?<![\w.,])([$€£]?)(\d{1,9}(?:[,\u202f]\d{3})*(?:\.\d{1,2})?)\s?(%|x\b|×)?")

#: The number of an item in a list says nothing.
_ITEM = re.compile(r"^\s*\d+[.):]\s")

#: How far the bars rise and sink once they stand: a number may take seconds to be said.
BREATH = 0.06


@dataclass(frozen=True)
class Figure:
    """A number with what stands around it: "$", "1,200", "%"."""

    before: str
    value: float
    decimals: int
    grouped: bool
    after: str

    def text(self, share: float) -> str:
        """The number when it has counted that far. Years are not counted from zero."""
        year = not self.grouped and not self.decimals and 1500 <= self.value <= 2100 and not self.after
        value = self.value - 40 * (1 - share) if year else self.value * share
        number = f"{value:,.{self.decimals}f}" if self.grouped else f"{value:.{self.decimals}f}"
        return f"{self.before}{number}{self.after}"


def figure(*texts: str) -> Figure | None:
    """The first number in the texts that is worth showing."""
    match = next((found for text in texts if (found := _NUMBER.search(_ITEM.sub("", text)))), None)
    if match is None:
        return None
    digits = match[2].replace(",", "").replace("\u202f", "")
    decimals = len(digits.partition(".")[2])
    return Figure(match[1], float(digits), decimals, "," in match[2], match[3] or "")


def counter(stage: Stage) -> Paint:
    """Bars along the bottom, the number in the middle, the heading above it."""
    layout, palette, unit = stage.layout, stage.palette, stage.layout.unit
    ground, bars = _grid(stage), _bars(stage)
    shown = figure(stage.heading, stage.scene.narration)
    (room, place) = (stage.room, None) if shown else stage.divided()
    figures = stage.figures(place)
    upper = Box(room.x, room.y, room.width, round(room.height * (0.4 if shown else 1 if place else 0.8)))
    headline = stage.headline(Type(largest=round((104 if shown else 150) * unit), shadow=0.3), upper)
    lower = Box(room.x, upper.bottom, room.width, round(room.height * 0.42))
    digits = Digits(shown, lower, palette.accent, layout.unit)
    canvas = stage.canvas()
    floor, low = layout.height, 0.6 if stage.first else 0.0

    def paint(frame: int) -> Canvas:
        canvas.paste(ground)
        for n, (x, wide, tall, colour, cap) in enumerate(bars):
            # The first frame of a video is its cover: there the bars stand at more than half their height already.
            grown = tall * (low + (1 - low) * overshoot(progress(frame, 2 + 2 * n, 18)))
            grown += BREATH * tall * sway((frame - n * 7) / stage.fps, 1.8) * progress(frame, 20, 20)
            canvas.stamp(cap, x, floor - grown)
            canvas.fill(colour, x, even(floor - grown + cap.height / 2), wide, floor)
        digits.draw(canvas, ease_out(progress(frame, 0 if stage.first else 4, 34)))
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


class Digits:
    """A large number that counts; each of its texts is set when it is first shown."""

    def __init__(self, shown: Figure | None, box: Box, colour: Rgb, unit: float) -> None:
        self._shown, self._box, self._colour, self._unit = shown, box, colour, unit
        self._text = ""
        self._headline: Headline | None = None

    def draw(self, canvas: Canvas, share: float) -> None:
        """Blend in the number as far as it has counted."""
        if self._shown is None:
            return
        text = self._shown.text(share)
        if text != self._text or self._headline is None:
            self._text, self._headline = text, self._set(text)
        self._headline.draw(canvas, 0)

    def _set(self, text: str) -> Headline:
        style = Type(face=Face.CONDENSED, largest=round(430 * self._unit), colour=self._colour, shadow=0.35, lines=1)
        return Headline(text, self._box, style, -60)


def _bars(stage: Stage) -> list[tuple[int, int, float, Rgb, Sprite]]:
    layout, palette, rng = stage.layout, stage.palette, stage.rng("bars")
    count = 7
    step = layout.width / count
    heights = np.linspace(0.16, 0.44, count) + rng.uniform(-0.04, 0.04, count)
    bars = []
    for n, height in enumerate(heights):
        colour = palette.first.mix(palette.ground, 0.62 - 0.07 * n)
        wide = even(step * 0.74)
        cap = Sprite.of_mask(rounded(wide, wide // 2 * 2, wide * 0.22), colour)
        bars.append((even(n * step + step * 0.13), wide, float(height) * layout.height, colour, cap))
    return bars


def _grid(stage: Stage) -> Plate:
    layout, palette = stage.layout, stage.palette
    plate = Plate.plain(layout.width, layout.height, palette.ground)
    line = Plate.plain(layout.width, layout.height, palette.ground.mix(palette.first, 0.22))
    step = even(layout.width / 9)
    for target, source, shift in zip(plate.planes, line.planes, (0, 1, 1), strict=True):
        for at in range(0, max(target.shape), step >> shift):
            target[at : at + (2 >> shift), :] = source[0, 0]
            target[:, at : at + (2 >> shift)] = source[0, 0]
    return plate
