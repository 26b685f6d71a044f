"""Gradient mesh: soft lights of colour that wander and melt into each other."""

from __future__ import annotations

import numpy as np

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import WHITE
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import sway
from gpu_consumers.picture.shapes import rounded
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.stage import Backdrop, Paint, Stage, blend


def mesh(stage: Stage) -> Paint:
    """Six lights on slow closed paths; the heading floats on a pane of glass."""
    backdrop, rng, palette, unit = Backdrop(stage.layout, 15), stage.rng("mesh"), stage.palette, stage.layout.unit
    tall = stage.layout.height / stage.layout.width
    x = np.linspace(0, 1, backdrop.width, dtype=np.float32)[None, :]
    y = np.linspace(0, tall, backdrop.height, dtype=np.float32)[:, None]
    colours = [palette.first, palette.deep, palette.second, palette.ground, palette.accent.mix(palette.second, 0.45)]
    colours += [palette.deep, palette.first.mix(palette.deep, 0.4)]
    home = rng.permutation(_spread(len(colours), tall)) + rng.uniform(-0.1, 0.1, (len(colours), 2))
    reach, speed = rng.uniform(0.15, 0.35, (len(colours), 2)), rng.uniform(0.5, 1.1, (len(colours), 2))
    phase = rng.uniform(0, 6.28, (len(colours), 2))
    room, place = stage.divided()
    pad = round(80 * unit)
    inner = Box(room.x + pad, room.y + pad, room.width - 2 * pad, room.height - 2 * pad)
    headline, figures = stage.headline(Type(largest=round(150 * unit), shadow=0.25), inner), stage.figures(place)
    pane = _pane(headline.text.width, headline.text.height, headline.text.size)

    def paint(frame: int) -> Canvas:
        seconds = stage.seconds(frame)
        at = home + reach * np.sin(seconds * speed + phase)
        weights = [np.exp(((x - px) ** 2 + (y - py) ** 2) * np.float32(-7)) + np.float32(2e-4) for px, py in at]
        canvas = backdrop.show(*blend(colours, weights))
        lift = 8 * unit * sway(seconds, 4)
        if headline.text.words:
            middle = headline.y + headline.text.height / 2
            canvas.stamp(pane, headline.x + headline.text.width / 2 - pane.width / 2, middle - pane.height / 2 + lift)
        headline.draw(canvas, frame, dy=lift)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _spread(count: int, tall: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Points that cover the picture evenly, so that no seed leaves half of it empty."""
    return np.array([((n % 2) * 0.7 + 0.15, (n + 0.5) / count * tall) for n in range(count)])


def _pane(width: int, height: int, size: int) -> Sprite:
    pad = round(size * 0.55)
    wide, tall = width + 2 * pad, height + 2 * pad
    inner = rounded(wide - 6, tall - 6, size * 0.42, (wide + wide % 2, tall + tall % 2))
    outer = rounded(wide, tall, size * 0.45)
    return Sprite.of_mask(inner * 0.14 + (outer - inner) * 0.5, WHITE)
