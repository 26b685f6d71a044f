"""Parity: what is near enough, and what is refused."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from gpu_consumers.acceleration.parity import LIMITS, compare

REFERENCE = np.random.default_rng(1).standard_normal((2, 40, 64))


def noisy(amount: float) -> np.ndarray:
    return REFERENCE + amount * np.random.default_rng(2).standard_normal(REFERENCE.shape)


def test_equal_results_are_equal() -> None:
    found = compare(REFERENCE, REFERENCE.copy())
    assert (found.relative, found.psnr_db) == (0.0, inf) and found.ssim == pytest.approx(1.0)


@pytest.mark.parametrize("dtype", sorted(LIMITS))
def test_rounding_passes_and_drift_does_not(dtype: str) -> None:
    assert compare(REFERENCE, noisy(LIMITS[dtype] / 2)).holds(dtype)
    assert not compare(REFERENCE, noisy(LIMITS[dtype] * 2)).holds(dtype)


def test_what_passes_in_half_precision_is_refused_in_full() -> None:
    found = compare(REFERENCE, noisy(0.01))
    assert found.holds("bfloat16") and not found.holds("float32") and not found.holds("something else")


def test_psnr_is_what_it_is_by_definition() -> None:
    found = compare(np.array([[0.0, 1.0]]), np.array([[0.1, 1.0]]))
    assert found.psnr_db == pytest.approx(10 * np.log10(1 / 0.005))


def test_structure_that_is_gone_is_seen() -> None:
    flat = np.full_like(REFERENCE, REFERENCE.mean())
    assert compare(REFERENCE, flat).ssim < 0.2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    other = REFERENCE.copy()
    other[0, 0, 0] = bad
    assert not compare(REFERENCE, other).holds("bfloat16")


def test_other_shapes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="shapes"):
        compare(REFERENCE, REFERENCE[:, :1])
