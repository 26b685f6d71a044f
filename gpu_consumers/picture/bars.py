"""Bars: figures as lengths from zero. What stands still is drawn once, and then what grows."""

from __future__ import annotations

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.charting import Inks, label
from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.plot import Telling, spans
from gpu_consumers.picture.shapes import even
from gpu_consumers.picture.text import advance
from gpu_consumers.picture.typefaces import Face
from schemas.charts import Chart

#: Sizes at 1080 pixels of width: the largest label and value, a row, the gap between a bar and its value.
LABEL, VALUE, ROW, GAP = 56, 78, 250, 24


class Bars:
    """Bars across, one below the other, each under its label and with its value at its end."""

    def __init__(self, chart: Chart, box: Box, inks: Inks, unit: float) -> None:
        self._inks = inks
        row = min(box.height / len(chart.values), ROW * unit)
        top = box.y + (box.height - row * len(chart.values)) / 2
        self._thick, size = even(row * 0.4), min(VALUE * unit, row * 0.46)
        self._tops = [even(top + n * row + row * 0.46) for n in range(len(chart.values))]
        room, gap = _room(chart, size, box), GAP * unit
        self._spans = [
            (box.x + start * (box.width - room - gap), box.x + end * (box.width - room - gap))
            for start, end in spans([value.value for value in chart.values])
        ]
        places = [Box(box.x, round(y - row * 0.4), box.width, round(row * 0.32)) for y in self._tops]
        ends = [
            Box(round(max(span) + gap), y, room, self._thick) for span, y in zip(self._spans, self._tops, strict=True)
        ]
        self._labels = [
            label(value.label, place, min(LABEL * unit, row * 0.34), inks.text)
            for value, place in zip(chart.values, places, strict=True)
        ]
        self._texts = [
            tuple(label(value.text, end, size, ink, face=Face.BLACK) for ink in (inks.text, inks.lit))
            for value, end in zip(chart.values, ends, strict=True)
        ]  #: the value, told and being told

    def ground(self, canvas: Canvas) -> None:
        """What stands still: labels, the bars as they will be, and the axis at zero."""
        for n, name in enumerate(self._labels):
            name.draw(canvas, 0)
            self._bar(canvas, n, 1.0, self._inks.quiet)
        over, tall = self._thick // 4, self._tops[-1] + self._thick - self._tops[0]
        canvas.fill(self._inks.text, even(self._spans[0][0]) - 4, self._tops[0] - over, 4, tall + 2 * over)

    def draw(self, canvas: Canvas, frame: int, telling: Telling) -> None:
        """What has grown by that frame, with what is being told in its own colour."""
        spoken = telling.spoken(frame)
        for n, texts in enumerate(self._texts):
            grown, lit = telling.grown(n, frame), n == spoken
            if grown > 0:
                self._bar(canvas, n, grown, self._inks.lit if lit else self._inks.plain)
                texts[lit].draw(canvas, 0)

    def _bar(self, canvas: Canvas, n: int, grown: float, colour: Rgb) -> None:
        zero, value = self._spans[n]
        end = zero + (value - zero) * grown
        left, right = even(min(zero, end)), even(max(zero, end))
        canvas.fill(colour, left, self._tops[n], right - left, self._thick)


def _room(chart: Chart, size: float, box: Box) -> int:
    """What the longest value takes of a row, at most half of it."""
    longest = max(advance(value.text, Face.BLACK, round(size)) for value in chart.values)
    return round(min(0.5 * box.width, 1.1 * longest + 8))
