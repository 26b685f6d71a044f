"""Whether a fast backend still computes the same as the plain one: error of the latents, PSNR and SSIM. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

#: The largest relative error (L2) of a forward pass, by the precision of its weights: a few units in the last place.
#: What one backend rounds to the next number of 8 bits, another rounds to the one before.
LIMITS = {"float32": 1e-3, "float16": 1e-2, "bfloat16": 3e-2, "fp8": 6e-2}


@dataclass(frozen=True, slots=True)
class Parity:
    """How far two results lie apart."""

    relative: float  #: L2 of the difference by L2 of the reference
    psnr_db: float  #: with the reference's range as the peak
    ssim: float  #: mean structural similarity over the last two axes, 1.0 for equal ones

    def holds(self, dtype: str) -> bool:
        """Whether it is near enough for weights of that precision."""
        return self.relative <= LIMITS.get(dtype, LIMITS["float32"]) and self.ssim >= 0.98

    def __str__(self) -> str:
        return f"relative error {self.relative:.2e}, PSNR {self.psnr_db:.1f} dB, SSIM {self.ssim:.4f}"


def compare(reference: npt.ArrayLike, other: npt.ArrayLike, *, span: float | None = None) -> Parity:
    """`span`: the range of the values, where it is not the reference's own.

    Raises ValueError for results of different shapes; values that are no numbers are as far apart as can be.
    """
    one: Values = np.asarray(reference, np.float64)
    two: Values = np.asarray(other, np.float64)
    if one.shape != two.shape:
        raise ValueError(f"the results have the shapes {one.shape} and {two.shape}")
    if not np.isfinite(two).all():
        return Parity(inf, -inf, 0.0)
    squared = float(np.mean((one - two) ** 2))
    relative = float(np.linalg.norm(one - two)) / max(float(np.linalg.norm(one)), 1e-12)
    span = span or float(np.ptp(one)) or 1.0
    return Parity(relative, inf if squared == 0 else 10 * log10(span**2 / squared), _ssim(one, two, span))


def numbers(result: Any) -> npt.NDArray[np.float32]:
    """The values of a module's result: a tensor, or the first one of a tuple or an output class."""
    while not hasattr(result, "detach"):
        result = result[0]
    return np.asarray(result.detach().float().cpu().numpy(), np.float32)


def _ssim(one: Values, two: Values, span: float, window: int = 7) -> float:
    """Structural similarity (Wang et al. 2004) with a uniform window, over the last two axes."""
    if one.ndim < 2 or min(one.shape[-2:]) < window:
        one, two = one.reshape(1, -1), two.reshape(1, -1)
    a, b = (0.01 * span) ** 2, (0.03 * span) ** 2
    mean_one, mean_two = _windows(one, window), _windows(two, window)
    var_one = _windows(one**2, window) - mean_one**2
    var_two = _windows(two**2, window) - mean_two**2
    both = _windows(one * two, window) - mean_one * mean_two
    similar = (2 * mean_one * mean_two + a) * (2 * both + b)
    return float(np.mean(similar / ((mean_one**2 + mean_two**2 + a) * (var_one + var_two + b))))


def _windows(values: Values, window: int) -> Values:
    """The mean of each window over the last two axes (over the last, where the one before is shorter)."""
    for axis in (-1, -2):
        size = min(window, values.shape[axis])
        views = np.lib.stride_tricks.sliding_window_view(values, size, axis=axis)
        values = views.mean(axis=-1)
    return values
