"""Parallax: paper-cut ridges under a sun, the near ones passing faster than the far ones."""

from __future__ import annotations

import numpy as np

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Floats, Rgb, rounded, yuv
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import ease_out, progress
from gpu_consumers.picture.shapes import disc, edge, glow
from gpu_consumers.picture.sprite import Plate, Sprite
from gpu_consumers.picture.stage import Paint, Stage

PIECE = 180  #: width of a piece of a ridge, in pixels
SPEED = 0.05  #: of the nearest ridge, in widths of the picture a second


class Ridge:
    """One layer, in upright pieces: below its lowest point each is plain, and blended only where the edge runs."""

    def __init__(self, line: Floats, colour: Rgb) -> None:
        self._colour, self._pieces = colour, []
        for left in range(0, len(line), PIECE):
            part = line[left : left + PIECE]
            top, plain = int(part.min()) & ~1, (int(part.max()) + 2) & ~1
            rows = np.arange(top, plain, dtype=np.float32)[:, None]
            self._pieces.append((left, top, plain, Sprite.of_mask(edge(part[None, :] - rows), colour)))

    def draw(self, canvas: Canvas, x: float, y: float) -> None:
        """Draw it, moved by (x, y), to even pixels."""
        right, down = round(x) & ~1, round(y) & ~1
        for left, top, plain, band in self._pieces:
            canvas.stamp(band, left + right, top + down)
            canvas.fill(self._colour, left + right, plain + down, PIECE, canvas.height)


def hills(stage: Stage) -> Paint:
    """Four ridges, a sun that rises, the heading in the sky."""
    layout, palette, rng = stage.layout, stage.palette, stage.rng("hills")
    sky = _sky(stage)
    depths = [0.15, 0.4, 0.7, 1.0]
    # At least so fast, or a long scene would seem to stand still.
    travel = max(0.16, SPEED * stage.frames / stage.fps) * layout.width
    ridges = [_ridge(stage, rng, depth, travel) for depth in depths]
    radius = (260 if stage.shown else 180) * layout.unit
    sun = Sprite.of_mask(disc(radius, 2.0), palette.accent)
    halo = Sprite.of_mask(glow(radius * 1.75) * 0.6, palette.accent)
    aside = layout.width * float(rng.uniform(0.3, 0.7))
    direction = 1 if rng.random() < 0.5 else -1
    room, place = stage.divided()
    box = room if place else Box(room.x, room.y, room.width, round(room.height * 0.5))
    figures = stage.figures(place)
    sun_x = place.centre[0] if place else aside  # behind the figure it is a halo
    headline = stage.headline(Type(largest=round(140 * layout.unit), shadow=0.5, vertical=0.35), box)
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        along = frame / max(1, stage.frames - 1)
        canvas.paste(sky)
        height = layout.height * (0.60 - 0.10 * ease_out(progress(frame, 0, stage.frames)))
        canvas.stamp(halo, sun_x - halo.width / 2, height - halo.height / 2)
        canvas.stamp(sun, sun_x - sun.width / 2, height - sun.height / 2)
        for depth, ridge in zip(depths, ridges, strict=True):
            shift = (0.5 + direction * (along - 0.5)) * travel * depth
            ridge.draw(canvas, -shift, (1 - ease_out(progress(frame, 0, 14))) * 60 * depth)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _ridge(stage: Stage, rng: np.random.Generator, depth: float, travel: float) -> Ridge:
    layout, palette = stage.layout, stage.palette
    width = (layout.width + round(travel * depth) + 8) & ~1
    x = np.arange(width, dtype=np.float32) / layout.width
    waves = sum(np.sin(x * rng.uniform(3, 6) * n + rng.uniform(0, 6.28)) / n**1.2 for n in (1, 2, 3, 5))
    base = layout.height * (0.50 + 0.22 * depth)
    line = (base - np.asarray(waves, np.float32) * np.float32(layout.height * (0.035 + 0.015 * depth))).astype(
        np.float32
    )
    far = palette.first.mix(palette.second, 0.35)
    return Ridge(line, far.mix(palette.deep, 0.15 + 0.85 * depth))


def _sky(stage: Stage) -> Plate:
    layout, palette = stage.layout, stage.palette
    share = np.clip(np.linspace(0, 1.5, layout.height, dtype=np.float32), 0, 1)[:, None]
    # Noise of one level hides the steps of a long gradient; it stands still, so it costs the encoder little.
    noise = stage.rng("sky").uniform(-0.5, 0.5, (layout.height, layout.width)).astype(np.float32)
    low = palette.first.mix(palette.second, 0.5)
    planes = []
    for shift, start, end in zip((0, 1, 1), yuv(palette.ground), yuv(low), strict=True):
        grain = noise[:: 1 << shift, :: 1 << shift]
        planes.append(rounded(np.float32(start) + np.float32(end - start) * share[:: 1 << shift] + grain))
    return Plate((planes[0], planes[1], planes[2]))
