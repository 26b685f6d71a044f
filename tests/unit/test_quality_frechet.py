"""The Fréchet distance of two sets is that of the Gaussians that they are taken for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.errors import BackendError
from gpu_consumers.quality.frechet import Moments, distance, least


def moments(rows: np.ndarray, batch: int = 7) -> Moments:
    made = Moments()
    for begin in range(0, len(rows), batch):
        made.add(rows[begin : begin + batch])
    return made


def drawn(seed: int, count: int = 60, features: int = 5) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return chance.normal(size=(count, features)) @ chance.normal(size=(features, features)) + chance.normal(
        size=features
    )


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_mean_and_covariance_are_those_of_all_rows_however_they_come(seed: int, batch: int) -> None:
    rows = drawn(seed) + 1e4  # where a sum of squares would have lost most digits
    made = moments(rows, batch)
    assert made.count == 60 and np.allclose(made.mean, rows.mean(axis=0), rtol=1e-12)
    assert np.allclose(made.covariance, np.cov(rows, rowvar=False), rtol=1e-6, atol=1e-8)


@given(st.integers(0, 10_000))
def test_equal_sets_are_not_apart_and_others_as_far_one_way_as_the_other(seed: int) -> None:
    one, other = moments(drawn(seed)), moments(drawn(seed + 1))
    assert distance(one, moments(drawn(seed), 60)) == pytest.approx(0, abs=1e-6)
    assert distance(one, other) == pytest.approx(distance(other, one), rel=1e-6) and distance(one, other) > 0.01


@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_a_set_that_is_moved_is_as_far_as_it_was_moved(seed: int, by: float) -> None:
    rows = drawn(seed)
    assert distance(moments(rows), moments(rows + by)) == pytest.approx(5 * by**2, rel=1e-5)


@given(st.integers(0, 10_000))
def test_where_covariances_commute_it_is_the_difference_of_the_deviations(seed: int) -> None:
    # given sets that are spread along the same axes: the closed form needs no root of a matrix
    rows = drawn(seed, count=50, features=4)
    values, axes = np.linalg.eigh(np.cov(rows, rowvar=False))
    wider = (rows - rows.mean(axis=0)) @ axes * np.array([1.0, 2.0, 3.0, 0.5]) @ axes.T
    expected = np.sum((np.sqrt(values) * np.array([0.0, 1.0, 2.0, -0.5])) ** 2) + np.sum(rows.mean(axis=0) ** 2)
    assert distance(moments(rows), moments(wider)) == pytest.approx(expected, rel=1e-5)


@given(st.integers(0, 10_000))
def test_it_is_what_the_roots_of_the_product_say(seed: int) -> None:
    # the eigenvalues of Σ₁ Σ₂ itself, which is not symmetric: another way to the same trace
    one, other = drawn(seed), drawn(seed + 1)
    first, second = (np.cov(rows, rowvar=False) for rows in (one, other))
    roots = np.sqrt(np.linalg.eigvals(first @ second).real.clip(0)).sum()
    apart = np.sum((one.mean(axis=0) - other.mean(axis=0)) ** 2)
    expected = apart + np.trace(first) + np.trace(second) - 2 * roots
    assert distance(moments(one), moments(other)) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_too_few_and_unlike_sets_are_told() -> None:
    enough = moments(drawn(1))
    with pytest.raises(BackendError, match="5 videos are too few for a Fréchet distance of 5 features") as caught:
        distance(enough, moments(drawn(2, count=5)))
    assert "At least 6" in str(caught.value.hint) and distance(enough, moments(drawn(2, count=least(5)))) > 0
    with pytest.raises(BackendError, match="0 videos are too few"):
        distance(Moments(), enough)
    with pytest.raises(BackendError, match="5 and 4 features"):
        distance(enough, moments(drawn(1, features=4)))
    for bad in (np.full((3, 5), np.nan), np.zeros((3, 4)), np.zeros(5)):
        with pytest.raises(ValueError, match="features of shape"):
            enough.add(bad)
