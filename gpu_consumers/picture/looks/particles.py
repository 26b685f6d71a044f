"""Particle field: lights at different depths drift upwards past a dark ground."""

from __future__ import annotations

import numpy as np

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import WHITE, Plane, halved, rounded
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.motion import sway
from gpu_consumers.picture.shapes import disc, glow
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.stage import Backdrop, Paint, Stage, blend


def particles(stage: Stage) -> Paint:
    """Far lights are small and slow, near ones large, soft and fast; a few crisp sparks give it focus."""
    backdrop, rng, layout, palette = Backdrop(stage.layout, 4), stage.rng("particles"), stage.layout, stage.palette
    ground = _ground(backdrop, stage)
    count = 46
    depth = np.sort(rng.uniform(0, 1, count))
    x, y = rng.uniform(-0.1, 1.1, count), rng.uniform(0, 1.2, count)
    phase = rng.uniform(0, 1, count)
    colours = [palette.first, palette.second, palette.accent]
    unit = backdrop.width / 270
    art = [
        Sprite.of_mask(glow((8 + 46 * d * d) * unit) * (0.85 - 0.45 * d), colours[int(rng.integers(3))]) for d in depth
    ]
    sparks = [Sprite.of_mask(disc(radius * layout.unit, 2.0), WHITE) for radius in (3, 5, 7)]
    placed = rng.uniform(0, 1, (18, 4))
    room, place = stage.divided()
    headline, figures = stage.headline(Type(largest=round(150 * layout.unit)), room), stage.figures(place)

    def paint(frame: int) -> Canvas:
        seconds, small = stage.seconds(frame), backdrop.small
        for plane, source in zip(small.planes, ground, strict=True):
            plane[...] = source
        for n, sprite in enumerate(art):
            rise = (y[n] - seconds * (0.02 + 0.09 * depth[n])) % 1.2 - 0.1
            across = x[n] + 0.03 * sway(seconds, 5, phase[n])
            small.stamp(sprite, across * small.width - sprite.width / 2, rise * small.height - sprite.height / 2)
        canvas = backdrop.enlarged()
        for px, py, speed, kind in placed:
            rise = (py - seconds * (0.05 + 0.1 * speed)) % 1.05
            spark = sparks[int(kind * 3)]
            canvas.stamp(spark, (px + 0.02 * sway(seconds, 4, kind)) * canvas.width, rise * canvas.height)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _ground(backdrop: Backdrop, stage: Stage) -> list[Plane]:
    y = np.linspace(0, 1, backdrop.height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, backdrop.width, dtype=np.float32)[None, :]
    light = np.exp(-((y - 0.35) ** 2 * 6 + x * x * 1.2)).astype(np.float32)
    luma, blue, red = blend(
        [stage.palette.deep, stage.palette.ground.mix(stage.palette.first, 0.25)], [1 - light, light]
    )
    return [rounded(luma), rounded(halved(blue)), rounded(halved(red))]
