"""Chart: the figures that the scene tells, as bars or a line; the one that is being told stands out.

Not in the deck: it is taken by scenes that have a chart.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from gpu_consumers.picture.bars import Bars
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.charting import Inks
from gpu_consumers.picture.cues import spread
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import parted
from gpu_consumers.picture.line import Line
from gpu_consumers.picture.plot import Telling, telling
from gpu_consumers.picture.shapes import even
from gpu_consumers.picture.sprite import Plate
from gpu_consumers.picture.stage import Paint, Stage
from schemas.charts import Chart, ChartKind

NAME = "chart"
#: How much of the room the plot gets below the heading.
SHARE = 0.76
#: How far dots of the ground are apart, and how far they pass in a second, in pixels at 1080 of width.
DOTS, SPEED = 54, 45


def chart(stage: Stage, shown: Chart) -> Paint:
    """The heading above, the plot below, on dots that pass: figures stand still, a picture must not."""
    unit, inks = stage.layout.unit, Inks.of(stage.palette)
    upper, lower = parted(stage.room, SHARE, round(30 * unit), beside=False)
    headline = stage.headline(Type(largest=round(96 * unit), colour=inks.text, shadow=0, lines=2), upper)
    plot = (Line if shown.kind is ChartKind.LINE else Bars)(shown, lower, inks, unit)
    canvas, told, step = stage.canvas(), _telling(stage, shown), even(DOTS * unit)
    ground = _dots(stage, step)

    def paint(frame: int) -> Canvas:
        passed = round(SPEED * unit * stage.seconds(frame)) % step
        canvas.paste(ground, -passed, -passed)
        plot.ground(canvas)
        plot.draw(canvas, frame, told)
        headline.draw(canvas, frame)
        return canvas

    return paint


def _dots(stage: Stage, step: int) -> Plate:
    """A faint pattern, a step larger than the picture each way."""
    dots = Image.new("L", (even(stage.layout.width) + step, even(stage.layout.height) + step))
    pen, radius = ImageDraw.Draw(dots), step / 14
    for y in range(step // 2, dots.height, step):
        for x in range(step // 2, dots.width, step):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return Plate.of_mask(dots, stage.palette.ground, stage.palette.ground.mix(stage.palette.ink, 0.14))


def _telling(stage: Stage, shown: Chart) -> Telling:
    words = stage.words or spread(stage.scene.narration, stage.frames * 1000 // stage.fps)
    return telling([value.label for value in shown.values], words, stage.fps, shown.told, cover=stage.first)
