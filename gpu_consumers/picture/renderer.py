"""The procedural renderer: a scene drawn and encoded on the CPU, the same bytes for the same spec."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from pathlib import Path
from time import monotonic

from av import __version__ as av_version
from PIL import Image
from PIL import __version__ as pillow_version

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.caption_styles import caption_style
from gpu_consumers.picture.captions import Captions
from gpu_consumers.picture.chrome import Chrome
from gpu_consumers.picture.cues import Cue, cues, spread
from gpu_consumers.picture.encode import ClipWriter
from gpu_consumers.picture.layout import Layout
from gpu_consumers.picture.looks import choose, look_named
from gpu_consumers.picture.palettes import palette_for
from gpu_consumers.picture.stage import Stage
from gpu_consumers.picture.transitions import Transitions
from gpu_consumers.ports import Clip, Progress, SceneSpec

TOLD_EVERY_S, SHOWN_EVERY_S = 0.3, 1.2
PREVIEW_WIDTH = 180


class ProceduralRenderer:
    """Draws animated type and shapes. Needs no GPU, no weights and no network."""

    name = "procedural"

    def fingerprint(self) -> str:
        """A hash of this package's sources, fonts and codec versions: whatever may change a pixel."""
        return _fingerprint()

    def render(self, spec: SceneSpec, out: Path, progress: Progress) -> Clip:
        """Write the clip to `out`. Raises `BackendError`, also for an unknown look, palette or caption style."""
        look = spec.look or choose(spec.scene.beat, spec.scene.scene_number, spec.title, spec.seed)
        stage = stage_of(spec)
        if spec.frames < 1:
            raise BackendError("a scene must last for at least one frame")
        paint = look_named(look)(stage)
        captions = Captions(_cues(spec), caption_style(spec.caption_style), stage.palette, stage.layout, spec.fps)
        transitions, chrome, teller = Transitions(stage), Chrome(stage), _Teller(progress, spec.frames)
        with ClipWriter(out, stage.layout.width, stage.layout.height, spec.fps) as writer:
            for frame in range(spec.frames):
                canvas = transitions.apply(paint(frame), frame)
                chrome.draw(canvas, frame)
                captions.draw(canvas, frame)
                writer.write(canvas)
                teller.tell(frame + 1, canvas)
        details = {"palette": stage.palette.name, "caption_style": spec.caption_style}
        return Clip(path=out, frames=spec.frames, look=look, details=details)


def stage_of(spec: SceneSpec) -> Stage:
    """What a look is told of a spec."""
    return Stage(
        layout=Layout(*spec.size),
        fps=spec.fps,
        frames=spec.frames,
        palette=palette_for(spec.palette, spec.title),
        scene=spec.scene,
        scene_count=spec.scene_count,
        title=spec.title,
        words=spec.words,
        seed=spec.seed,
    )


def _cues(spec: SceneSpec) -> list[Cue]:
    words = spec.words or spread(spec.scene.narration, spec.duration_ms)
    return cues(words, spec.duration_ms)


class _Teller:
    """Calls `progress` a few times a second, and with a preview now and then."""

    def __init__(self, progress: Progress, frames: int) -> None:
        self._progress, self._frames = progress, frames
        self._told = self._shown = monotonic() - SHOWN_EVERY_S / 2

    def tell(self, done: int, canvas: Canvas) -> None:
        now = monotonic()
        if done < self._frames and now - self._told < TOLD_EVERY_S:
            return
        picture = None
        if now - self._shown >= SHOWN_EVERY_S or done == self._frames:
            picture, self._shown = preview(canvas), now
        self._told = now
        self._progress(done / self._frames, picture)


def preview(canvas: Canvas) -> bytes:
    """A small JPEG of the canvas."""
    step = max(2, canvas.width // PREVIEW_WIDTH & ~1)
    luma, blue, red = canvas.planes[0][::step, ::step], *(p[:: step // 2, :: step // 2] for p in canvas.planes[1:])
    bands = [Image.fromarray(plane[: blue.shape[0], : blue.shape[1]].copy()) for plane in (luma, blue, red)]
    held = io.BytesIO()
    Image.merge("YCbCr", [bands[0].point(_full), *bands[1:]]).save(held, "JPEG", quality=72)
    return held.getvalue()


_full = [min(255, max(0, round((level - 16) * 255 / 219))) for level in range(256)]


@cache
def _fingerprint() -> str:
    digest = hashlib.sha256(f"av {av_version} pillow {pillow_version}".encode())
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".otf", ".ttf"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:32]
