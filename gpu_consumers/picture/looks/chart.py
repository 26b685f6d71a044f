"""Chart: the figures that the scene tells, as bars or a line; the one that is being told stands out.

Not in the deck: it is taken by scenes that have a chart.
"""

from __future__ import annotations

from gpu_consumers.picture.bars import Bars
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.charting import Inks
from gpu_consumers.picture.cues import spread
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import parted
from gpu_consumers.picture.line import Line
from gpu_consumers.picture.plot import Telling, telling
from gpu_consumers.picture.sprite import Plate
from gpu_consumers.picture.stage import Paint, Stage
from schemas.charts import Chart, ChartKind

NAME = "chart"
#: How much of the room the plot gets below the heading.
SHARE = 0.76


def chart(stage: Stage, shown: Chart) -> Paint:
    """The heading above, the plot below, on a plain ground."""
    unit, inks = stage.layout.unit, Inks.of(stage.palette)
    upper, lower = parted(stage.room, SHARE, round(30 * unit), beside=False)
    headline = stage.headline(Type(largest=round(96 * unit), colour=inks.text, shadow=0, lines=2), upper)
    plot = (Line if shown.kind is ChartKind.LINE else Bars)(shown, lower, inks, unit)
    canvas = stage.canvas()
    canvas.fill(stage.palette.ground)
    plot.ground(canvas)
    ground, told = Plate.of_planes(canvas.planes), _telling(stage, shown)

    def paint(frame: int) -> Canvas:
        canvas.paste(ground)
        plot.draw(canvas, frame, told)
        headline.draw(canvas, frame)
        return canvas

    return paint


def _telling(stage: Stage, shown: Chart) -> Telling:
    words = stage.words or spread(stage.scene.narration, stage.frames * 1000 // stage.fps)
    return telling([value.label for value in shown.values], words, stage.fps, shown.told, cover=stage.first)
