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

from gpu_consumers.assembly.stretches import DRAWN_S, FOOTAGE_S, Watch
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.encode import DRAWN, FILMED
from gpu_consumers.picture.painter import Painter
from gpu_consumers.picture.smaller import small_clips, writers
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
        painter, teller = Painter(spec), _Teller(progress, spec.frames)
        smalls = small_clips(out, spec.size, spec.renditions)
        quality, still_s = (FILMED, FOOTAGE_S) if spec.footage else (DRAWN, DRAWN_S)
        watch = Watch(spec.fps, still_s)
        with writers(out, spec.size, spec.fps, smalls, quality) as takers:
            for frame in range(spec.frames):
                canvas = painter.paint(frame)
                watch.see(canvas, frame)
                for taker in takers:
                    taker.write(canvas)
                teller.tell(frame + 1, canvas)
        details = {"palette": painter.stage.palette.name, "caption_style": spec.caption_style}
        return Clip(
            path=out, frames=spec.frames, look=painter.look, details=details, renditions=smalls,
            faults=watch.faults, quality=watch.quality,
        )  # fmt: skip


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
        if path.suffix in (".py", ".yaml", ".otf", ".ttf"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:32]
