"""Transitions: how a picture leaves at a scene's end and the next one arrives.

The scenes are rendered apart and joined by copying packets, so each does its half. A video has one kind, by its title:
so any scene fits behind any other, wherever it is moved. The bar and the captions are drawn afterwards and stand still.
"""

from __future__ import annotations

import random

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import yuv
from gpu_consumers.picture.motion import ease_out, progress
from gpu_consumers.picture.stage import Stage

KINDS = ("cut", "zoom", "slide", "wipe", "fade")
FRAMES = 6
#: How far a picture slides, and how wide the stripe of a wipe is, as shares of the width: most of it stays in sight.
SLIDE, STRIPE = 0.2, 0.22
#: How far a picture fades at most: no frame is dark.
FADE = 0.7


def kind_of(title: str) -> str:
    """The transition between the scenes of a video."""
    return random.Random(f"transition {title}").choice(KINDS)


class Transitions:
    """The entrance and the exit of one scene. The first has no entrance, the last no exit: a short plays in a loop."""

    def __init__(self, stage: Stage) -> None:
        kind = kind_of(stage.title)
        self._enter, self._leave = ("cut" if end else kind for end in (stage.first, stage.last))
        self._frames, self._palette = stage.frames, stage.palette
        self._scaler = VideoReformatter()
        self._short = stage.frames < 4 * FRAMES

    def apply(self, canvas: Canvas, frame: int) -> Canvas:
        """The canvas with the transition of that frame; perhaps another one."""
        if self._short:
            return canvas
        if frame < FRAMES:
            return self._moved(canvas, self._enter, 1 - ease_out(progress(frame + 1, 0, FRAMES)), arriving=True)
        left = self._frames - 1 - frame
        if left < FRAMES:
            return self._moved(canvas, self._leave, progress(FRAMES - left, 0, FRAMES) ** 2, arriving=False)
        return canvas

    def _moved(self, canvas: Canvas, kind: str, away: float, *, arriving: bool) -> Canvas:
        if kind == "cut" or away <= 0:
            return canvas
        if kind == "zoom":
            return self._zoomed(canvas, 1 + 0.3 * away)
        if kind == "slide":
            _slid(canvas, away * SLIDE if arriving else -away * SLIDE)
        elif kind == "wipe":
            self._wiped(canvas, 1 - away / 2 if arriving else away / 2)
        else:
            self._faded(canvas, away)
        return canvas

    def _zoomed(self, canvas: Canvas, scale: float) -> Canvas:
        width, height = (int(side / scale / 2) * 2 for side in (canvas.width, canvas.height))
        part = Canvas.blank(width, height)
        x, y = (canvas.width - width) // 4 * 2, (canvas.height - height) // 4 * 2
        for shift, small, plane in zip((0, 1, 1), part.planes, canvas.planes, strict=True):
            top, left = y >> shift, x >> shift
            small[...] = plane[top : top + small.shape[0], left : left + small.shape[1]]
        frame = self._scaler.reformat(
            part.frame, canvas.width, canvas.height, "yuv420p", interpolation=Interpolation.BILINEAR, threads=1
        )
        return Canvas(frame)

    def _wiped(self, canvas: Canvas, way: float) -> None:
        """A stripe passes in three pieces; `way`: 0 before it comes, 0.5 in the middle, 1 once it has gone."""
        colours = (self._palette.accent, self._palette.first, self._palette.second)
        tall, wide = -(-canvas.height // 3), canvas.width * STRIPE
        for n, colour in enumerate(colours):
            left = (canvas.width + wide * len(colours)) * way - wide * (n + 1)
            canvas.fill(colour, round(left), n * tall, round(wide), tall)

    def _faded(self, canvas: Canvas, away: float) -> None:
        weight = round(256 * FADE * away)
        for plane, level in zip(canvas.planes, yuv(self._palette.deep), strict=True):
            plane[...] = (plane * np.uint16(256 - weight) + np.uint16(level * weight)) >> 8


def _slid(canvas: Canvas, shift: float) -> None:
    """The picture moves aside by that share of its width, and what is missing is its own mirror image."""
    for plane in canvas.planes:
        by = round(plane.shape[1] * abs(shift))
        if by and shift > 0:
            plane[...] = np.concatenate((plane[:, by:0:-1], plane[:, :-by]), axis=1)
        elif by:
            plane[...] = np.concatenate((plane[:, by:], plane[:, -2 : -by - 2 : -1]), axis=1)
