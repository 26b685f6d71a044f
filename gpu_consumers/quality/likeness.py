"""How like a clip is to another one of the same scene: PSNR and SSIM of frames that lie at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, log10
from pathlib import Path

import av
import numpy as np

from gpu_consumers.acceleration.parity import compare
from gpu_consumers.errors import BackendError
from gpu_consumers.quality.gauge import Luma, step_for

#: Frames of a second that are compared.
EVERY_S = 0.5
#: Equal pictures have an endless PSNR, which no number in JSON is.
MOST_DB = 100.0


def likeness(clip: Path, reference: Path) -> tuple[float, float]:
    """(PSNR in dB, SSIM) of the luma. Raises `BackendError` where they cannot be compared."""
    try:
        pairs = list(zip(_glances(clip), _glances(reference), strict=False))
    except (av.FFmpegError, OSError, IndexError) as failure:
        raise BackendError(f"the clips cannot be compared: {failure}") from failure
    pairs = [(one, other) for one, other in pairs if one.shape == other.shape]
    if not pairs:
        raise BackendError("the clips cannot be compared: they have no frame of one size")
    squared = float(np.mean([np.mean((one.astype(np.float64) - other) ** 2) for one, other in pairs]))
    alike = float(np.mean([compare(other, one, span=255.0).ssim for one, other in pairs]))
    return round(psnr_db(squared), 2), round(alike, 4)


def psnr_db(squared: float) -> float:
    """Of the mean squared error of 8-bit levels, no more than `MOST_DB`. Pure."""
    return max(0.0, min(MOST_DB, inf if squared == 0 else 10 * log10(255**2 / squared)))


def _glances(clip: Path) -> Iterator[Luma]:
    """The first frame at or after each half second, made smaller by the mean of its pixels."""
    with av.open(str(clip)) as container:
        stream, due = container.streams.video[0], 0.0
        for frame in container.decode(stream):
            if frame.time is None or frame.time < due:
                continue
            due += EVERY_S
            plane = frame.planes[0]
            rows = np.asarray(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            yield _smaller(rows[: plane.height, : plane.width])


def _smaller(luma: Luma) -> Luma:
    step = step_for(*luma.shape)
    height, width = (side // step * step for side in luma.shape)
    blocks = luma[:height, :width].reshape(height // step, step, width // step, step)
    made: Luma = blocks.mean(axis=(1, 3)).astype(np.uint8)
    return made
