"""Backdrop: footage fills the picture, shaded where words stand; heading and figures over it where the flavor says so.

Not in the deck: it is taken by scenes that have footage.
"""

from __future__ import annotations

import numpy as np

from gpu_consumers.footage.source import Source
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Floats
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Layout
from gpu_consumers.picture.sprite import Wide, blend
from gpu_consumers.picture.stage import Paint, Stage

NAME = "footage"
#: How dark the shade gets, at the top and behind the captions.
TOP, LOW = 0.42, 0.5


def backdrop(stage: Stage, source: Source, *, hybrid: bool) -> Paint:
    """Footage with a shade. Without a hybrid's heading, captions and chrome alone stand on it."""
    shade = Shade(stage.layout)
    room, place = stage.divided()
    text = stage.heading if hybrid else ""
    headline = stage.headline(Type(largest=round(140 * stage.layout.unit), shadow=0.6), room, text=text)
    figures = stage.figures(place if hybrid else None)

    def paint(frame: int) -> Canvas:
        canvas = source.frame(frame)
        shade.draw(canvas)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


class Shade:
    """Darkness that grows towards the top and towards the captions, so that white letters are read on any picture."""

    def __init__(self, layout: Layout) -> None:
        keep: Wide = np.asarray(np.round((1 - _shares(layout)) * np.float32(256)), np.uint16)
        self._parts = [(start & ~1, (stop + 1) & ~1) for start, stop in _runs(np.flatnonzero(keep[:, 0] < 256))]
        self._keep = keep

    def draw(self, canvas: Canvas) -> None:
        """Darken the canvas, row by row: luma towards black, chroma towards grey."""
        for start, stop in self._parts:
            for shift, plane, zero in zip((0, 1, 1), canvas.planes, (16, 128, 128), strict=True):
                keep = self._keep[start : stop : 1 << shift]
                blend(plane[start >> shift : stop >> shift], keep, np.uint16(zero) * (np.uint16(256) - keep))


def _shares(layout: Layout) -> Floats:
    y = np.arange(layout.height, dtype=np.float32)
    top = np.clip(1 - y / np.float32(layout.height * 0.34), 0, 1) * np.float32(TOP)
    middle = layout.captions.y + layout.captions.height / 2
    reach = np.float32(layout.captions.height * 1.1)
    low = np.clip(1 - np.abs(y - np.float32(middle)) / reach, 0, 1) ** np.float32(0.7) * np.float32(LOW)
    return np.asarray(np.maximum(top, low)[:, None], np.float32)


def _runs(rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[tuple[int, int]]:
    """Neighbouring row numbers as (first, one past the last)."""
    if not len(rows):
        return []
    gaps = np.flatnonzero(np.diff(rows) > 1)
    firsts, lasts = [rows[0], *rows[gaps + 1]], [*rows[gaps], rows[-1]]
    return [(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]
