"""Waveform: bars that dance to the words being said, mirrored about a line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.shapes import even, glow, rounded
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.stage import Backdrop, Paint, Stage, blend

BARS = 23
#: How much the bars move while nothing is said.
IDLE = 0.14


def wave(stage: Stage) -> Paint:
    """Loudness is guessed from the word timings: it rises with each word and ebbs until the next."""
    layout, palette, rng = stage.layout, stage.palette, stage.rng("wave")
    ground, loud = _ground(stage), _loudness(stage)
    step = layout.width / BARS
    wide = even(step * 0.56)
    line = layout.stage.y + layout.stage.height * 0.70
    reach = layout.stage.height * 0.26
    colours = [palette.first.mix(palette.second, abs(n - BARS // 2) / (BARS / 2)) for n in range(BARS)]
    colours[BARS // 2] = palette.accent
    caps = [Sprite.of_mask(rounded(wide, wide, wide / 2), colour) for colour in colours]
    shape = np.cos(np.linspace(-1.25, 1.25, BARS)) ** 1.4
    phase, speed = rng.uniform(0, 6.28, (2, BARS)), rng.uniform(5, 11, (2, BARS))
    room = stage.room
    box = Box(room.x, room.y, room.width, round(line - reach - room.y + reach * 0.3))
    headline = stage.headline(Type(largest=round(140 * layout.unit)), box)
    side = round(reach * 1.5)
    place = Box(layout.width // 2 - side // 2, round(line) - side // 2, side, side)
    figures = stage.figures(place)
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        for plane, source in zip(canvas.planes, ground.planes, strict=True):
            plane[...] = source
        swing = 0.55 + 0.45 * np.sin(stage.seconds(frame) * speed + phase).mean(axis=0)
        heights = wide / 2 + reach * shape * (0.02 + (IDLE + (1 - IDLE) * loud[frame]) * swing)
        for n, tall in enumerate(heights):
            x, top, bottom = round(n * step + (step - wide) / 2) & ~1, even(line - tall), even(line + tall)
            canvas.stamp(caps[n], x, top)
            canvas.stamp(caps[n], x, bottom - wide)
            canvas.fill(colours[n], x, top + wide // 2, wide, bottom - top - wide)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _loudness(stage: Stage) -> npt.NDArray[np.float64]:
    """0…1 for each frame."""
    at = (np.arange(stage.frames) + 0.5) * 1000 / stage.fps
    level = np.zeros(stage.frames)
    for word in stage.words:
        since = at - word.start_ms
        length = max(80, word.end_ms - word.start_ms)
        bump = np.where(since < 0, np.exp(-((since / 60) ** 2)), np.exp(-np.maximum(0, since - length * 0.4) / 160))
        level = np.maximum(level, bump * (0.7 + 0.3 * min(1, len(word.text) / 8)))
    return level if stage.words else np.full(stage.frames, 0.5)


def _ground(stage: Stage) -> Canvas:
    backdrop = Backdrop(stage.layout, 8)
    y = np.linspace(-0.5, 1, backdrop.height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, backdrop.width, dtype=np.float32)[None, :]
    light = np.exp(-(y * y * 5 + x * x * 0.8)).astype(np.float32)
    colours = [stage.palette.deep, stage.palette.ground.mix(stage.palette.first, 0.3)]
    canvas = backdrop.show(*blend(colours, [1 - light, light]))
    radius = 0.62 * stage.layout.width
    halo = Sprite.of_mask(glow(radius) * 0.35, stage.palette.first)
    line = stage.layout.stage.y + stage.layout.stage.height * 0.70
    canvas.stamp(halo, stage.layout.width / 2 - radius, line - radius)
    return canvas
