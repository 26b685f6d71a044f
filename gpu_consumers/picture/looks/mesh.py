"""Gradient mesh: soft lights of colour that wander and melt into each other."""

from __future__ import annotations

import numpy as np

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.headline import Headline, Type
from gpu_consumers.picture.stage import Backdrop, Paint, Stage, blend


def mesh(stage: Stage) -> Paint:
    """Six lights on slow closed paths; the heading floats in the middle."""
    backdrop, rng = Backdrop(stage.layout), stage.rng("mesh")
    tall = stage.layout.height / stage.layout.width
    x = np.linspace(0, 1, backdrop.width, dtype=np.float32)[None, :]
    y = np.linspace(0, tall, backdrop.height, dtype=np.float32)[:, None]
    palette = stage.palette
    colours = [palette.deep, palette.first, palette.ground, palette.second, palette.first.mix(palette.deep, 0.5), palette.deep]
    home = rng.uniform((0.0, 0.0), (1.0, tall), (len(colours), 2))
    reach, speed = rng.uniform(0.25, 0.5, (len(colours), 2)), rng.uniform(0.25, 0.6, (len(colours), 2))
    phase = rng.uniform(0, 6.28, (len(colours), 2))
    headline = Headline(stage.heading, stage.layout.stage, Type(largest=round(150 * stage.layout.unit)))

    def paint(frame: int) -> Canvas:
        at = home + reach * np.sin(stage.seconds(frame) * speed + phase)
        weights = [np.exp(-((x - px) ** 2 + (y - py) ** 2) * np.float32(5)) + np.float32(1e-3) for px, py in at]
        canvas = backdrop.show(*blend(colours, weights))
        headline.draw(canvas, frame)
        return canvas

    return paint
