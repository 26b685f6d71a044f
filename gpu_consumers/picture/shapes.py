"""Shapes: smooth-edged masks (h, w) of 0…1 from signed distances, evaluated where they are needed only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gpu_consumers.picture.colour import Floats


def grid(width: int, height: int) -> tuple[Floats, Floats]:
    """Pixel centres as (x, y), measured from the middle of a sheet of that size."""
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)
    return x[None, :], y[:, None]


def edge(distance: npt.NDArray[np.floating], softness: float = 1.0) -> Floats:
    """1 inside (negative distance), 0 outside, a ramp of `softness` pixels between."""
    return np.asarray(np.clip(0.5 - distance / softness, 0, 1), np.float32)


def disc(radius: float, softness: float = 1.0) -> Floats:
    """A filled circle on the smallest even sheet that holds it."""
    side = even(2 * radius + softness + 2)
    x, y = grid(side, side)
    return edge(np.hypot(x, y) - radius, softness)


def ring(radius: float, thickness: float) -> Floats:
    """A circle's outline; `radius` is its outer one."""
    side = even(2 * radius + 3)
    x, y = grid(side, side)
    return edge(np.abs(np.hypot(x, y) - radius + thickness / 2) - thickness / 2)


def glow(radius: float) -> Floats:
    """A light that falls off smoothly to nothing at `radius`."""
    side = even(2 * radius)
    x, y = grid(side, side)
    near = np.clip(1 - np.hypot(x, y) / radius, 0, 1)
    return (near * near * (3 - 2 * near)).astype(np.float32)


def rounded(
    width: int, height: int, radius: float, sheet: tuple[int, int] | None = None, softness: float = 1.0
) -> Floats:
    """A rectangle with round corners in the middle of a sheet (width, height); by default it fills the sheet."""
    across, down = sheet or (even(width), even(height))
    x, y = grid(across, down)
    radius = min(radius, width / 2, height / 2)
    dx, dy = np.abs(x) - (width / 2 - radius), np.abs(y) - (height / 2 - radius)
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    return edge(outside + np.minimum(np.maximum(dx, dy), 0) - radius, softness)


def even(length: float) -> int:
    """The next even whole number."""
    return int(-(-length // 2) * 2)
