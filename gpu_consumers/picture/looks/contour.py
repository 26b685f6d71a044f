"""Contours: the lines of a map over an invented landscape, passing slowly below."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Floats
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.motion import ease_out, progress
from gpu_consumers.picture.shapes import disc, even, ring
from gpu_consumers.picture.sprite import Plate, Sprite
from gpu_consumers.picture.stage import Paint, Stage

LEVELS = 11


def contour(stage: Stage) -> Paint:
    """The heading as a place on the map, with a pin that pulses."""
    layout, palette, rng = stage.layout, stage.palette, stage.rng("contour")
    far = even(0.2 * layout.height)
    chart = _chart(stage, layout.width + far, layout.height + far)
    way = rng.choice([-1, 1], 2)
    face = Type(largest=round(150 * layout.unit), shadow=0.55, align="start")
    room, place = stage.divided()
    headline, figures = stage.headline(face, room), stage.figures(place)
    pin = Sprite.of_mask(disc(16 * layout.unit), palette.accent)
    bar = even(10 * layout.unit)
    pulses = [Sprite.of_mask(ring((2 + 0.7 * n) * bar, bar / 2) * (1 - n / 12), palette.accent) for n in range(12)]
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        moved = frame / max(1, stage.frames) * far
        canvas.paste(chart, *(-round(far / 2 + way[axis] * (moved - far / 2)) for axis in (0, 1)))
        x, y = headline.text.start(headline.x, headline.text.width, 2 * bar) + bar, headline.y - 70 * layout.unit
        pulse = pulses[frame // 2 % len(pulses)]
        canvas.stamp(pulse, x - pulse.width / 2, y - pulse.height / 2)
        canvas.stamp(pin, x - pin.width / 2, y - pin.height / 2)
        grown = 1.0 if stage.first else ease_out(progress(frame, 2, 12))
        under = headline.bottom + 44 * layout.unit
        length = round(headline.text.width * 0.5 * grown)
        left = headline.text.start(headline.x, headline.text.width, length)
        canvas.fill(palette.accent, round(left), round(under), length, bar)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _chart(stage: Stage, width: int, height: int) -> Plate:
    rng, palette, scale = stage.rng("chart"), stage.palette, 2
    x = np.linspace(0, width / height, width // scale, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height // scale, dtype=np.float32)[:, None]
    land = np.zeros((height // scale, width // scale), np.float32)
    for n, (fx, fy, phase) in enumerate(rng.uniform((-9, -9, 0), (9, 9, 6.28), (7, 3)).tolist()):
        land += np.sin(x * np.float32(fx) + y * np.float32(fy) + np.float32(phase)) / np.float32(1 + n * 0.35)
    land = (land - land.min()) * np.float32(LEVELS / (land.max() - land.min()))
    lines = _lines(land)
    size = even(width), even(height)
    heights, drawn = (_enlarged(mask, size) for mask in (land * np.float32(255 / LEVELS), lines * np.float32(150)))
    plate = Plate.of_mask(heights, palette.deep, palette.ground.mix(palette.first, 0.35))
    plate.lay(drawn, palette.second)
    return plate


def _lines(land: Floats) -> Floats:
    """1 on whole levels, a pixel or so wide however steep the land is; every fourth line is bolder."""
    across, down = np.gradient(land)
    near = np.abs(land - np.round(land)) / (np.hypot(across, down) + np.float32(1e-4))
    bold = (np.round(land) % 4 == 0) * np.float32(0.7)
    return np.asarray(np.clip(np.float32(1.1) + bold - near, 0, 1), np.float32)


def _enlarged(mask: Floats, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
