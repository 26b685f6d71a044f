"""The scene's clip from frames that a model made: with captions and chrome, encoded as every clip is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.encode import ClipWriter
from gpu_consumers.picture.looks import choose, look_named
from gpu_consumers.picture.painter import Overlay, rgb, stage_of
from gpu_consumers.ports import Progress, SceneSpec


def finish(frames: Iterable[av.VideoFrame], spec: SceneSpec, out: Path, progress: Progress) -> None:
    """Write the clip. `frames` are the scene's, of its size, to be drawn on; `progress` is told from 0 to 1."""
    overlay = Overlay(spec, stage_of(spec))
    with ClipWriter(out, *spec.size, spec.fps) as writer:
        for number, frame in enumerate(frames):
            canvas = Canvas(frame)
            overlay.draw(canvas, number)
            writer.write(canvas)
            progress((number + 1) / spec.frames, None)


def drawn(spec: SceneSpec) -> npt.NDArray[np.uint8]:
    """The scene's drawn picture, (h, w, 3) in sRGB, for models that set a picture in motion."""
    look = spec.look or choose(spec.scene.beat, spec.scene.drawn_as, spec.title, spec.seed)
    stage = stage_of(spec)
    paint = look_named(look)(stage)
    canvas = paint(0)
    for frame in range(1, min(spec.frames, spec.fps)):  # after a second everything has come in
        canvas = paint(frame)
    return rgb(canvas)


def luma(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The brightness of a picture in sRGB, (h, w) in levels 0…255 (BT.709's weights)."""
    red, green, blue = (picture[..., channel].astype(np.uint16) for channel in range(3))
    return ((54 * red + 183 * green + 19 * blue) >> 8).astype(np.uint8)
