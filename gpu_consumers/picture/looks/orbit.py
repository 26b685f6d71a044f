"""Orbits: planets with tails on rings around the heading, before a field of stars."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import WHITE
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.shapes import disc, glow
from gpu_consumers.picture.sprite import Plate, Sprite
from gpu_consumers.picture.stage import Paint, Stage

RINGS = (0.62, 0.80, 1.00, 1.24)  #: radii, as shares of half the width


def orbit(stage: Stage) -> Paint:
    """The inner orbits are the faster ones, as Kepler has it."""
    layout, palette, rng = stage.layout, stage.palette, stage.rng("orbit")
    half = min(layout.width, layout.height) / 2
    room, place = stage.divided(0.6)
    centre = place.centre if place else (layout.width / 2, room.centre[1])
    ground = _sky(stage, centre, half)
    colours = [palette.accent, palette.second, palette.first.mix(WHITE, 0.25), palette.second.mix(palette.accent, 0.5)]
    planets = []
    for n, share in enumerate(RINGS):
        size = float(rng.uniform(18, 26)) * layout.unit * (1 + 0.25 * n)
        tail = [Sprite.of_mask(glow(size * (1.3 - k / 12)) * (0.6 * (1 - k / 10)), colours[n]) for k in range(1, 9)]
        body = Sprite.of_mask(disc(size, 1.5), colours[n])
        halo = Sprite.of_mask(glow(size * 3) * 0.4, colours[n])
        speed = 1.5 * (RINGS[0] / share) ** 1.5 * float(rng.choice([-1, 1]))
        planets.append((share * half, float(rng.uniform(0, 6.28)), speed, [*reversed(tail), halo, body]))
    inner = round(RINGS[0] * half * 0.78)
    middle = Box(round(centre[0] - inner), round(centre[1] - inner), 2 * inner, 2 * inner)
    headline = stage.headline(Type(largest=round(118 * layout.unit), shadow=0.6), room if place else middle)
    figures = stage.figures(place)
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        canvas.paste(ground)
        seconds = stage.seconds(frame)
        for radius, start, speed, art in planets:
            for n, sprite in enumerate(art):
                behind = max(0, len(art) - 2 - n) * 0.05 * math.copysign(min(1.6, 420 * layout.unit / radius), speed)
                angle = start + speed * seconds - behind
                x, y = centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)
                canvas.stamp(sprite, x - sprite.width / 2, y - sprite.height / 2)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _sky(stage: Stage, centre: tuple[float, float], half: float) -> Plate:
    layout, palette, rng = stage.layout, stage.palette, stage.rng("sky")
    light = Image.fromarray((np.asarray(glow(half * 0.36)) * 255).astype(np.uint8)).resize((layout.width // 3,) * 2)
    small = Image.new("L", (layout.width // 4, layout.height // 4))
    small.paste(light, (round(centre[0] / 4 - light.width / 2), round(centre[1] / 4 - light.height / 2)))
    shine = small.resize((layout.width, layout.height), Image.Resampling.BICUBIC)
    plate = Plate.of_mask(shine, palette.deep, palette.ground.mix(palette.first, 0.45))
    rings = Image.new("L", (layout.width * 2, layout.height * 2))
    pen = ImageDraw.Draw(rings)
    for share in RINGS:
        radius = share * half * 2
        box = [centre[0] * 2 - radius, centre[1] * 2 - radius, centre[0] * 2 + radius, centre[1] * 2 + radius]
        pen.ellipse(box, outline=110, width=round(5 * layout.unit))
    for x, y, size in rng.uniform((0, 0, 1.5), (layout.width * 2, layout.height * 2, 5), (170, 3)):
        pen.ellipse((x - size, y - size, x + size, y + size), fill=int(rng.integers(60, 190)))
    plate.lay(rings.reduce(2), palette.second.mix(WHITE, 0.4))
    return plate
