"""Fréchet distance between two sets of features, each taken as a Gaussian. Pure.

For videos: Unterthiner and others 2018, "Towards Accurate Generative Models of Video" (arXiv 1812.01717), after Heusel
and others 2017 (FID). Mean and covariance are gathered batch by batch (Chan and others 1979): no feature is kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError

Values = npt.NDArray[np.float64]


class Moments:
    """Mean and covariance of the rows that it was given."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Values = np.zeros(0)
        self._spread: Values = np.zeros((0, 0))  #: sum of the outer products of what differs from the mean

    def add(self, rows: npt.ArrayLike) -> None:
        """(samples, features). Raises ValueError for others than finite ones of one length."""
        given = np.asarray(rows, np.float64)
        if given.ndim != 2 or (self.count and given.shape[1] != self.mean.size) or not np.isfinite(given).all():
            raise ValueError(f"features of shape {given.shape}, or none that are numbers")
        if not self.count:
            self.mean, self._spread = np.zeros(given.shape[1]), np.zeros((given.shape[1],) * 2)
        mean, both = given.mean(axis=0), self.count + len(given)
        off, own = mean - self.mean, given - mean
        self._spread += own.T @ own + np.outer(off, off) * self.count * len(given) / both
        self.mean = self.mean + off * len(given) / both
        self.count = both

    @property
    def covariance(self) -> Values:
        """Unbiased."""
        return self._spread / max(1, self.count - 1)


def least(features: int) -> int:
    """Samples that a set needs: with fewer, its covariance is known in some directions only."""
    return features + 1


def distance(one: Moments, other: Moments) -> float:
    """|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½). Raises `BackendError` for sets that are too small, or not alike."""
    features = max(one.mean.size, other.mean.size)
    for count in (one.count, other.count):
        if count < least(features):
            raise BackendError(
                f"{count} videos are too few for a Fréchet distance of {features} features",
                hint=f"At least {least(features)} are needed on both sides; the more, the surer.",
            )
    if one.mean.size != other.mean.size:
        raise BackendError(f"the sets have {one.mean.size} and {other.mean.size} features")
    root = _root(one.covariance)
    both = np.linalg.eigvalsh(root @ other.covariance @ root)
    apart = float(np.sum((one.mean - other.mean) ** 2))
    spread = float(np.trace(one.covariance) + np.trace(other.covariance) - 2 * np.sqrt(both.clip(0)).sum())
    return max(0.0, apart + spread)


def _root(matrix: Values) -> Values:
    """The symmetric root of a covariance."""
    values, vectors = np.linalg.eigh(matrix)
    made: Values = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return made
