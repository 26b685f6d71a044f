"""Comic panel: rays and halftone dots on paper, drawn anew a few times a second, and a speech bubble that pops."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from gpu_consumers.picture.canvas import Canvas, Plate, Sprite
from gpu_consumers.picture.colour import BLACK, WHITE, Rgb
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import overshoot, progress
from gpu_consumers.picture.shapes import even
from gpu_consumers.picture.stage import Paint, Stage

PAPER = Rgb(255, 246, 224)
POSES, HOLD, POP = 3, 5, 9  #: backgrounds; frames that each is held; frames of the bubble's pop


def comic(stage: Stage) -> Paint:
    """The bubble holds the heading; without one there are only the rays."""
    unit = stage.layout.unit
    backs = [_background(stage, pose) for pose in range(POSES)]
    room = stage.room
    pad = round(70 * unit)
    box = Box(room.x + pad, room.y + pad, room.width - 2 * pad, room.height - 3 * pad)
    headline = stage.headline(Type(largest=round(140 * unit), colour=BLACK, shadow=0, upper=True), box)
    wide = headline.text.width + round(1.5 * headline.text.size)
    tall = headline.text.height + round(1.5 * headline.text.size)
    master, centre = _bubble(wide, tall, unit), (room.centre[0], headline.y + headline.text.height / 2)
    pops = _pops(master) if headline.text.words else []
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        canvas.paste(backs[frame // HOLD % POSES])
        if pops:
            at = len(pops) - 1 if stage.first else min(len(pops) - 1, max(0, frame - 2))
            bubble = pops[at]
            shake = 0 if frame // HOLD % 2 else 2
            canvas.stamp(bubble, centre[0] - bubble.width / 2, centre[1] - bubble.height * 0.46 + shake)
            if at == len(pops) - 1:
                headline.draw(canvas, max(frame, 60), dy=shake)
        return canvas

    return paint


def _pops(master: Image.Image) -> list[Sprite]:
    scales = [max(0.05, overshoot(progress(n + 1, 0, POP))) for n in range(POP)]
    sizes = [(max(2, round(master.width * scale)), max(2, round(master.height * scale))) for scale in scales]
    return [Sprite.of_image(master.resize(size, Image.Resampling.BILINEAR)) for size in sizes]


def _bubble(wide: int, tall: int, unit: float) -> Image.Image:
    """A speech bubble with a thick outline, a hard shadow and a tail, supersampled."""
    scale, line, tail = 2, 12 * unit, 90 * unit
    sheet = Image.new("RGBA", (round((wide + 60 * unit) * scale), round((tall + tail + 60 * unit) * scale)))
    pen = ImageDraw.Draw(sheet)

    def shape(grow: float, shift: float, colour: Rgb) -> None:
        x, y = (30 * unit + shift - grow) * scale, (30 * unit + shift - grow) * scale
        right, bottom = x + (wide + 2 * grow) * scale, y + (tall + 2 * grow) * scale
        pen.rounded_rectangle((x, y, right, bottom), 80 * unit * scale, fill=(*colour, 255))
        foot = x + wide * 0.28 * scale
        tip = (foot - (30 * unit) * scale, bottom + (tail - 2 * grow) * scale)
        half = (46 * unit + grow) * scale
        pen.polygon([(foot - half, bottom - 4 * scale), (foot + half, bottom - 4 * scale), tip], fill=(*colour, 255))

    shape(line / 2, 14 * unit, BLACK)
    shape(line / 2, 0, BLACK)
    shape(-line / 2, 0, WHITE)
    return sheet.reduce(scale)


def _background(stage: Stage, pose: int) -> Plate:
    layout, palette, rng = stage.layout, stage.palette, stage.rng("comic")
    width, height = layout.width, layout.height
    turn, rays = float(rng.uniform(0, 6.28)), int(rng.integers(9, 13))
    scale = 2
    x = np.arange(width // scale, dtype=np.float32)[None, :] * scale - width / 2
    y = np.arange(height // scale, dtype=np.float32)[:, None] * scale - height * 0.36
    angle, far = np.arctan2(y, x), np.hypot(x, y)
    beam = np.sin(angle * rays + turn + 0.13 * pose) * far / rays
    base = Image.new("RGB", (width // scale, height // scale), tuple(PAPER))
    beams = Image.fromarray(_ramp(beam, 2.0))
    ImageDraw.Draw(base).bitmap((0, 0), beams, fill=tuple(palette.second.mix(PAPER, 0.35)))
    dots = Image.fromarray(_halftone(x, y, height, even(26 * layout.unit), pose))
    ImageDraw.Draw(base).bitmap((0, 0), dots, fill=tuple(palette.first))
    return Plate.of_image(base.resize((width, height), Image.Resampling.BICUBIC))


def _halftone(x: np.ndarray, y: np.ndarray, height: int, step: int, pose: int) -> np.ndarray:
    """Dots on a slanting grid that grow towards the bottom."""
    u, v = (x + y) * 0.7071 + 3 * pose, (x - y) * 0.7071
    near = np.hypot(u % step - step / 2, v % step - step / 2)
    radius = step * 0.62 * np.clip((y + height * 0.36) / height * 1.5 - 0.75, 0, 1)
    return _ramp(radius - near, 2.0)


def _ramp(inside: np.ndarray, soft: float) -> np.ndarray:
    return (np.clip(inside / soft + 0.5, 0, 1) * 255).astype(np.uint8)
