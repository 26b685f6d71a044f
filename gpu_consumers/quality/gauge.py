"""Figures of a clip from the luma of its frames, sampled. Pure, but for what it has seen."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

import numpy as np
import numpy.typing as npt

from schemas.works import ClipQuality

#: Samples along the shorter side: enough for figures that are compared with those of other clips of the same shape.
GRID = 135
#: The sharpness of every so many frames is taken: it changes slowly.
SHARPNESS_EVERY = 4

Luma = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.int16]


class Gauge:
    """Takes the frames of one clip in their order."""

    def __init__(self) -> None:
        self._size, self._count = (0, 0), 0
        self._sharpness: list[float] = []
        self._flicker: list[float] = []
        self._before: Samples | None = None  #: the last frame
        self._change: Samples | None = None  #: from the one before to it

    def take(self, luma: Luma) -> None:
        """The next frame: rows of luma in levels 0…255. It is not kept."""
        step = step_for(*luma.shape)
        if self._count % SHARPNESS_EVERY == 0:
            self._sharpness.append(sharpness(luma, step))
        now = luma[::step, ::step].astype(np.int16)
        change = None if self._before is None else now - self._before
        if change is not None and self._change is not None:
            self._flicker.append(flicker(self._change, change))
        self._before, self._change = now, change
        self._size, self._count = (luma.shape[1], luma.shape[0]), self._count + 1

    def quality(self) -> ClipQuality | None:
        """The figures; None where there was no frame."""
        if not self._count:
            return None
        width, height = self._size
        flickers = sum(self._flicker) / len(self._flicker) if self._flicker else 0.0
        return ClipQuality(
            width=width, height=height, frames=self._count, sharpness=round(median(self._sharpness), 2),
            flicker=round(flickers, 4),
        )  # fmt: skip


def gauged(frames: Iterable[Luma]) -> ClipQuality | None:
    """The figures of frames that are at hand."""
    gauge = Gauge()
    for frame in frames:
        gauge.take(frame)
    return gauge.quality()


def step_for(height: int, width: int) -> int:
    """Every how many pixels a sample lies."""
    return max(1, min(height, width) // GRID)


def sharpness(luma: Luma, step: int = 1) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000) at every `step`-th pixel, from its real neighbours."""
    if min(luma.shape) < 3:
        return 0.0
    bottom, end = luma.shape[0] - 1, luma.shape[1] - 1
    middle, left, right, above, below = (
        luma[1 + down : bottom + down : step, 1 + across : end + across : step].astype(np.int16)
        for down, across in ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0))
    )
    return float(np.var(left + right + above + below - 4 * middle, dtype=np.float64))


def flicker(before: Samples, after: Samples) -> float:
    """How much of a change is taken back by the next one, on average: what goes on moving takes nothing back."""
    back = before.astype(np.int32) * after < 0
    return float(np.where(back, np.minimum(np.abs(before), np.abs(after)), 0).mean())
