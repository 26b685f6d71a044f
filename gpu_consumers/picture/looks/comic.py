"""Comic panel: rays and halftone dots on paper, drawn anew a few times a second, and a speech bubble that pops."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import BLACK, WHITE, Rgb
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import overshoot, progress
from gpu_consumers.picture.shapes import edge, even
from gpu_consumers.picture.sprite import Plate, Sprite
from gpu_consumers.picture.stage import Paint, Stage

PAPER = Rgb(255, 246, 224)
POSES, HOLD, POP = 3, 5, 7  #: backgrounds; frames that each is held; frames of the bubble's pop
FULL = 2  #: from which of them on the bubble is as large as its words


def comic(stage: Stage) -> Paint:
    """The bubble holds the heading; without one there are only the rays."""
    unit = stage.layout.unit
    backs = _backgrounds(stage)
    room, place = stage.divided(0.46)
    figures = stage.figures(place)
    side, above, below = (round(length * unit) for length in (70, 130, 150))
    box = Box(room.x + side, room.y + above, room.width - 2 * side, room.height - above - below)
    headline = stage.headline(Type(largest=round(140 * unit), colour=BLACK, shadow=0, upper=True), box)
    wide = headline.text.width + round(1.5 * headline.text.size)
    tall = headline.text.height + round(1.5 * headline.text.size)
    centre = room.centre[0], headline.y + headline.text.height / 2
    pops = _pops(*_bubble(wide, tall, unit), [1.0] if stage.first else None) if headline.text.words else []
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        canvas.paste(backs[frame // HOLD % POSES])
        if pops:
            number = min(len(pops) - 1, max(0, frame - 2))
            bubble = pops[number]
            shake = 0 if frame // HOLD % 2 else 2
            canvas.stamp(bubble, centre[0] - bubble.width / 2, centre[1] - bubble.height * 0.46 + shake)
            if number >= min(FULL, len(pops) - 1):
                headline.draw(canvas, max(frame, 60), dy=shake)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _pops(dark: Image.Image, light: Image.Image, scales: list[float] | None) -> list[Sprite]:
    sprites = []
    for scale in scales or [max(0.05, overshoot(progress(n + 1, 0, POP))) for n in range(POP)]:
        ink = Ink(max(2, round(dark.width * scale)), max(2, round(dark.height * scale)))
        for mask, colour in ((dark, BLACK), (light, WHITE)):
            ink.lay(mask.resize((ink.width, ink.height), Image.Resampling.BILINEAR), colour)
        sprites.append(ink.sprite())
    return sprites


def _bubble(wide: int, tall: int, unit: float) -> tuple[Image.Image, Image.Image]:
    """Masks of a speech bubble with a thick outline and a hard shadow, and of its inside; supersampled."""
    scale, line, tail = 2, 12 * unit, 90 * unit
    size = round((wide + 60 * unit) * scale), round((tall + tail + 60 * unit) * scale)

    def shape(mask: Image.Image, grow: float, shift: float) -> Image.Image:
        pen = ImageDraw.Draw(mask)
        x = y = (30 * unit + shift - grow) * scale
        right, bottom = x + (wide + 2 * grow) * scale, y + (tall + 2 * grow) * scale
        pen.rounded_rectangle((x, y, right, bottom), 80 * unit * scale, fill=255)
        foot, half = x + wide * 0.28 * scale, (46 * unit + grow) * scale
        tip = (foot - 30 * unit * scale, bottom + (tail - 2 * grow) * scale)
        pen.polygon([(foot - half, bottom - 4 * scale), (foot + half, bottom - 4 * scale), tip], fill=255)
        return mask

    dark = shape(shape(Image.new("L", size), line / 2, 14 * unit), line / 2, 0)
    return dark.reduce(scale), shape(Image.new("L", size), -line / 2, 0).reduce(scale)


def _backgrounds(stage: Stage) -> list[Plate]:
    layout, palette, rng = stage.layout, stage.palette, stage.rng("comic")
    turn, rays = float(rng.uniform(0, 6.28)), int(rng.integers(9, 13))
    step = even(26 * layout.unit)
    dots = _halftone(layout.width + 2 * step, layout.height, step)
    plates = []
    for pose in range(POSES):
        mask = _rays(layout.width, layout.height, rays, turn + 0.012 * pose)
        plate = Plate.of_mask(mask, PAPER, palette.second.mix(PAPER, 0.35))
        plate.lay(dots.crop((4 * pose, 0, 4 * pose + layout.width, layout.height)), palette.first)
        plates.append(plate)
    return plates


def _rays(width: int, height: int, count: int, turn: float) -> Image.Image:
    mask = Image.new("L", (width * 2, height * 2))
    pen, centre, far = ImageDraw.Draw(mask), (width, height * 0.72), 2.5 * max(width, height)
    for n in range(count):
        ends = [turn + (n + side) * 2 * math.pi / count for side in (0, 0.5)]
        pen.polygon([centre, *((centre[0] + far * math.cos(a), centre[1] + far * math.sin(a)) for a in ends)], fill=255)
    return mask.reduce(2)


def _halftone(width: int, height: int, step: int) -> Image.Image:
    """Dots on a slanting grid that grow towards the bottom; only the lower part of the mask has any."""
    top = round(height * 0.5)
    x, y = np.arange(width, dtype=np.float32)[None, :], np.arange(top, height, dtype=np.float32)[:, None]
    u, v = (x + y) % step - step / 2, (x - y) % step - step / 2
    radius = np.float32(step * 0.62) * np.clip(y / height * 1.5 - 0.75, 0, 1)
    mask = np.zeros((height, width), np.uint8)
    mask[top:] = edge(np.hypot(u, v) - radius, 1.5) * 255 * (radius > 1)
    return Image.fromarray(mask)
