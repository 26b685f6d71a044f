"""Split screen: two worlds along a slanting line; the heading stands in one, the captions in the other."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Floats, Rgb, halved
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import ease_out, progress
from gpu_consumers.picture.palettes import ink_on
from gpu_consumers.picture.shapes import edge, even
from gpu_consumers.picture.sprite import Plate, Wide
from gpu_consumers.picture.stage import Paint, Stage

STEP = 90  #: of the patterns, where the shorter side is 1080


def split(stage: Stage) -> Paint:
    """Stripes above, dots below that swell towards the bottom; the lower world closes up from there."""
    layout, palette, rng = stage.layout, stage.palette, stage.rng("split")
    step = even(STEP * layout.unit)
    light, dark = (palette.second, palette.ground) if rng.random() < 0.5 else (palette.first, palette.deep)
    light = light.mix(palette.deep, 0.12)
    upper = _striped(layout.width + 2 * step, layout.height, step, light, light.mix(palette.deep, 0.1))
    middle = round(layout.height * 0.52)
    lower = _dotted(layout.width + 2 * step, layout.height, step, middle, (dark, dark.mix(light, 0.34)))
    slope = layout.height * float(rng.choice([-0.09, 0.09]))
    masks, tall = _seam(layout.width, slope)
    line = _seam(layout.width, slope, thick=16 * layout.unit)
    room, place = stage.room, None
    box = Box(room.x, room.y, room.width, middle - tall // 2 - room.y - round(30 * layout.unit))
    if stage.shown:
        box, place = _places(box, room, middle, round(500 * layout.unit), beside=layout.wide)
    figures = stage.figures(place)
    headline = stage.headline(Type(largest=round(160 * layout.unit), colour=ink_on(light), shadow=0.22), box)
    accent = Plate.plain(layout.width, layout.height, palette.accent)
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        drift = int(stage.seconds(frame) * 60 * layout.unit) % step & ~1
        away = 0.0 if stage.first else 1 - ease_out(progress(frame, 0, 16))
        top = (middle - tall // 2 + round(away * layout.height * 0.5)) & ~1
        canvas.paste(upper, -drift, 0)
        canvas.reveal(lower, masks, top, step - drift)
        _rest(canvas, lower, top + tall, step - drift)
        canvas.reveal(accent, line[0], top)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _places(box: Box, room: Box, middle: int, side: int, *, beside: bool) -> tuple[Box, Box]:
    """Room for the heading, and for a figure: on the seam, or beside the heading where the picture is wide."""
    if beside:
        return Box(box.x, box.y, box.width - side, box.height), Box(room.right - side, room.y, side, side)
    place = Box(room.x, middle - round(side * 0.56), room.width, side)
    return Box(room.x, room.y, room.width, place.y - room.y), place


def _rest(canvas: Canvas, plate: Plate, y: int, x: int) -> None:
    for shift, plane, source in zip((0, 1, 1), canvas.planes, plate.planes, strict=True):
        plane[y >> shift :] = source[y >> shift : plane.shape[0], (x >> shift) : (x >> shift) + plane.shape[1]]


def _seam(width: int, slope: float, thick: float | None = None) -> tuple[tuple[Wide, Wide], int]:
    """Masks of what lies below a slanting line (or on it, when it is thick), and their height."""
    tall = even(abs(slope) + 40) // 4 * 4
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    y = np.arange(tall, dtype=np.float32)[:, None] - tall / 2
    distance = np.float32(slope) * x - y if thick is None else np.abs(np.float32(slope) * x - y) - np.float32(thick / 2)
    mask = edge(distance, 1.5) * np.float32(256)
    return (mask.astype(np.uint16), halved(mask).astype(np.uint16)), tall


def _striped(width: int, height: int, step: int, ground: Rgb, colour: Rgb) -> Plate:
    x, y = np.arange(step, dtype=np.float32)[None, :], np.arange(step, dtype=np.float32)[:, None]
    return _repeated(edge(np.abs((x + y) % step - step / 2) - step / 4, 1.5), width, height, ground, colour)


def _dotted(width: int, height: int, step: int, top: int, colours: tuple[Rgb, Rgb]) -> Plate:
    """Dots of the second colour on the first, tiny at `top` and almost touching at the bottom."""
    x, y = np.arange(step, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]
    dx, dy = (x + y // step * step / 2) % step - step / 2, y % step - step / 2
    grown = np.clip((y // step * step - top) / np.float32(height - top), 0, 1)
    tile = edge(np.hypot(dx, dy) - step * (0.1 + 0.36 * grown**1.5), 1.5)
    return _repeated(np.asarray(tile, np.float32), width, height, *colours)


def _repeated(tile: Floats, width: int, height: int, ground: Rgb, colour: Rgb) -> Plate:
    small = np.asarray(tile * np.float32(255), np.uint8)
    times = -(-height // small.shape[0]), -(-width // small.shape[1])
    return Plate.of_mask(Image.fromarray(np.tile(small, times)[:height, :width]), ground, colour)
