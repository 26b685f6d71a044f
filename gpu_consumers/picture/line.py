"""A line through moments. What stands still is drawn once, and then what grows."""

from __future__ import annotations

from PIL import Image, ImageDraw

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.charting import Inks, label
from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.headline import Headline
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.plot import Telling, axis, numbers, places
from gpu_consumers.picture.shapes import disc, even
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.text import advance
from gpu_consumers.picture.typefaces import Face
from schemas.charts import Chart

#: Sizes at 1080 pixels of width: what is being told, the numbers of the axis, the line's thickness.
TOLD, TICK, PEN = 84, 40, 13


class Line:
    """A line through moments, with round values on its axis; what is being told stands large above it."""

    def __init__(self, chart: Chart, box: Box, inks: Inks, unit: float) -> None:
        self._inks, self._chart, self._unit, self._box = inks, chart, unit, box
        self._scale = axis([value.value for value in chart.values])
        self._numbers = numbers(self._scale.ticks)
        aside = round(max(advance(number, Face.BOLD, round(TICK * unit)) for number in self._numbers) + 24 * unit)
        above, below, right = round(140 * unit), round(70 * unit), round(40 * unit)
        self._plot = Box(box.x + aside, box.y + above, box.width - aside - right, box.height - above - below)
        self._points = [
            (self._plot.x + at * self._plot.width, self._height(v.value))
            for at, v in zip(places([v.label for v in chart.values]), chart.values, strict=True)
        ]
        self._line, self._whole = self._drawn(inks.plain), self._drawn(inks.quiet)
        self._names = [*self._ticks(), *self._moments()]
        self._dots = [Sprite.of_mask(disc(size * unit), ink) for size, ink in ((16, inks.plain), (26, inks.lit))]
        self._told = [self._large(n) for n in range(len(chart.values))]

    def _height(self, value: float) -> float:
        return self._plot.bottom - self._scale.share(value) * self._plot.height

    def _large(self, n: int) -> Headline:
        value, room = self._chart.values[n], Box(self._box.x, self._box.y, self._box.width, round(96 * self._unit))
        return label(f"{value.label}: {value.text}", room, TOLD * self._unit, self._inks.lit, "center", Face.BLACK)

    def _drawn(self, colour: Rgb) -> Sprite:
        """The whole line, on a sheet of the box."""
        mask = Image.new("L", (even(self._box.width) * 2, even(self._box.height) * 2))
        path = [(2 * (x - self._box.x), 2 * (y - self._box.y)) for x, y in self._points]
        ImageDraw.Draw(mask).line(path, fill=255, width=round(2 * PEN * self._unit), joint="curve")
        ink = Ink(*mask.reduce(2).size)
        ink.lay(mask.reduce(2), colour)
        return ink.sprite()

    def ground(self, canvas: Canvas) -> None:
        """What stands still: the axis with its numbers, the moments, and the line as it will be."""
        for tick in self._scale.ticks:
            canvas.fill(self._inks.quiet, self._plot.x, even(self._height(tick)), self._plot.width, 2)
        canvas.stamp(self._whole, self._box.x, self._box.y)
        for name in self._names:
            name.draw(canvas, 0)

    def _ticks(self) -> list[Headline]:
        """The numbers of the axis, each at its height."""
        size, wide = TICK * self._unit, self._plot.x - self._box.x
        heights = [round(self._height(tick) - size / 2) for tick in self._scale.ticks]
        return [
            label(number, Box(self._box.x, y, wide, round(size)), size, self._inks.text)
            for number, y in zip(self._numbers, heights, strict=True)
        ]

    def _moments(self) -> list[Headline]:
        """The labels below the line that have room beside one another, the last one among them."""
        size, free, found = round(TICK * self._unit), float("inf"), []
        for (x, _), value in zip(reversed(self._points), reversed(self._chart.values), strict=True):
            wide = advance(value.label, Face.BOLD, size) + 24 * self._unit
            if x + wide / 2 <= free:
                left = min(x - wide / 2, self._box.right - wide)
                box = Box(round(left), self._plot.bottom + round(22 * self._unit), round(wide), size)
                found.append(label(value.label, box, size, self._inks.text, "center"))
                free = left
        return found

    def draw(self, canvas: Canvas, frame: int, telling: Telling) -> None:
        """The line as far as it is told, its points, and large what is being told."""
        canvas.stamp(self._line.cut(self._reach(frame, telling) - self._box.x), self._box.x, self._box.y)
        spoken = telling.spoken(frame)
        for n, (x, y) in enumerate(self._points):
            if telling.grown(n, frame) >= 1 or n == spoken:
                dot = self._dots[n == spoken]
                canvas.stamp(dot, x - dot.width / 2, y - dot.height / 2)
        if spoken is not None:
            self._told[spoken].draw(canvas, 0)

    def _reach(self, frame: int, telling: Telling) -> float:
        """The column up to which it is told."""
        reach = self._points[0][0]
        for n, (x, _) in enumerate(self._points):
            reach += (x - reach) * telling.grown(n, frame)
        return reach
