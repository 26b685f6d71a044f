"""The painter: every frame of one scene, in order: the look, the way in and out, the chrome, the captions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.caption_styles import caption_style
from gpu_consumers.picture.captions import Captions
from gpu_consumers.picture.chrome import Chrome
from gpu_consumers.picture.cues import Cue, cues, spread
from gpu_consumers.picture.figures import figures
from gpu_consumers.picture.layout import Layout
from gpu_consumers.picture.looks import choose, look_named
from gpu_consumers.picture.palettes import palette_for
from gpu_consumers.picture.stage import Stage
from gpu_consumers.picture.transitions import Transitions
from gpu_consumers.ports import SceneSpec


class Painter:
    """Paints one scene. Frames must be asked for in order, from 0, since some looks carry on from the last one."""

    def __init__(self, spec: SceneSpec) -> None:
        """Raises `BackendError`, also for an unknown look, palette or caption style."""
        if spec.frames < 1:
            raise BackendError("a scene must last for at least one frame")
        self.look = spec.look or choose(spec.scene.beat, spec.scene.drawn_as, spec.title, spec.seed)
        self.stage = stage_of(spec)
        style = caption_style(spec.caption_style)
        self._look = look_named(self.look)(self.stage)
        self._captions = Captions(cues_of(spec), style, self.stage.palette, self.stage.layout, spec.fps)
        self._transitions, self._chrome = Transitions(self.stage), Chrome(self.stage)

    def paint(self, frame: int) -> Canvas:
        """The canvas of that frame. It is drawn on again by the next one."""
        canvas = self._transitions.apply(self._look(frame), frame)
        self._chrome.draw(canvas, frame)
        self._captions.draw(canvas, frame)
        return canvas


def stage_of(spec: SceneSpec) -> Stage:
    """What a look is told of a spec."""
    shown = figures(spec.scene.on_screen_text, spec.title, spec.words, spec.fps, spec.language)
    return Stage(
        layout=Layout(*spec.size),
        fps=spec.fps,
        frames=spec.frames,
        palette=palette_for(spec.palette, spec.title).turned(spec.scene.scene_number),
        scene=spec.scene,
        scene_count=spec.scene_count,
        title=spec.title,
        words=spec.words,
        seed=spec.seed,
        shown=shown,
    )


def cues_of(spec: SceneSpec) -> list[Cue]:
    """The phrases that are captioned: what is spoken, or the narration spread over the scene."""
    words = spec.words or spread(spec.scene.narration, spec.duration_ms)
    return cues(words, spec.duration_ms)


def rgb(canvas: Canvas) -> npt.NDArray[np.uint8]:
    """The canvas as (h, w, 3) in sRGB."""
    frame = canvas.frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU709, src_color_range=ColorRange.MPEG)
    return np.asarray(frame.to_ndarray(), np.uint8)
