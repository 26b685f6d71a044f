"""The painter: every frame of one scene, in order: the look, the way in and out, the chrome, the captions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace

from gpu_consumers.errors import BackendError
from gpu_consumers.footage.source import opened
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.caption_styles import caption_style
from gpu_consumers.picture.captions import Captions
from gpu_consumers.picture.chrome import Chrome
from gpu_consumers.picture.cues import Cue, cues, spread
from gpu_consumers.picture.figures import figures
from gpu_consumers.picture.layout import Layout
from gpu_consumers.picture.looks import choose, look_named
from gpu_consumers.picture.looks.backdrop import NAME as BACKDROP
from gpu_consumers.picture.looks.backdrop import backdrop
from gpu_consumers.picture.looks.chart import NAME as CHART
from gpu_consumers.picture.looks.chart import chart
from gpu_consumers.picture.palettes import palette_for
from gpu_consumers.picture.stage import Paint, Stage
from gpu_consumers.picture.transitions import Transitions
from gpu_consumers.picture.watermark import Mark
from gpu_consumers.ports import SceneSpec


class Painter:
    """Paints one scene. Frames must be asked for in order, from 0, since some looks carry on from the last one."""

    def __init__(self, spec: SceneSpec) -> None:
        """Raises `BackendError`, also for an unknown look, palette or caption style."""
        if spec.frames < 1:
            raise BackendError("a scene must last for at least one frame")
        self.stage = stage_of(spec)
        self.look, self._look = _look(spec, self.stage)
        self._transitions, self._overlay = Transitions(self.stage), Overlay(spec, self.stage)

    def paint(self, frame: int) -> Canvas:
        """The canvas of that frame. It is drawn on again by the next one."""
        canvas = self._transitions.apply(self._look(frame), frame)
        self._overlay.draw(canvas, frame)
        return canvas


class Overlay:
    """What stands over any picture, whatever made it: chrome, captions, watermark. Moments must come in order."""

    def __init__(self, spec: SceneSpec, stage: Stage) -> None:
        """Raises `BackendError` for an unknown caption style, or a watermark that cannot be read."""
        style = caption_style(spec.caption_style)
        self._captions = Captions(cues_of(spec), style, stage.palette, stage.layout, spec.fps)
        self._chrome, self._mark = Chrome(stage), _mark(spec, stage)

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Blend it into the canvas as it stands at that frame."""
        self._chrome.draw(canvas, frame)
        self._captions.draw(canvas, frame)
        if self._mark:
            self._mark.draw(canvas)


def _look(spec: SceneSpec, stage: Stage) -> tuple[str, Paint]:
    if spec.footage is not None:
        source = opened(spec.footage, spec.files, spec.size, spec.fps, spec.frames, spec.seed)
        return BACKDROP, backdrop(stage, source, hybrid=spec.hybrid)
    if spec.scene.chart is not None:
        return CHART, chart(stage, spec.scene.chart)
    name = spec.look or choose(spec.scene.beat, spec.scene.drawn_as, spec.title, spec.seed)
    return name, look_named(name)(stage)


def _mark(spec: SceneSpec, stage: Stage) -> Mark | None:
    image = spec.files.get(spec.mark.name) if spec.mark else None
    wanted = spec.watermark and (image or spec.watermark.text)
    return Mark(spec.watermark, image, stage.layout) if spec.watermark and wanted else None


def stage_of(spec: SceneSpec) -> Stage:
    """What a look is told of a spec."""
    shown = figures(spec.scene.on_screen_text, spec.title, spec.words, spec.fps, spec.language)
    return Stage(
        layout=Layout(*spec.size),
        fps=spec.fps,
        frames=spec.frames,
        palette=palette_for(spec.palette, spec.title).turned(spec.scene.drawn_as),
        scene=spec.scene,
        first=spec.first,
        last=spec.last,
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
