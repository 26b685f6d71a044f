"""Flashes: counted as WCAG 2.3.1 counts them, and no other change is mistaken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_consumers.moderation.flashes import COLUMNS, ROWS, flashes

Frame = tuple[float, np.ndarray]  # type: ignore[type-arg]


def plain(colour: tuple[int, int, int], share: float = 1.0) -> np.ndarray:  # type: ignore[type-arg]
    """A black picture, of which a share from the top has a colour."""
    picture = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    picture[: round(ROWS * share)] = colour
    return picture


def strobe(a: np.ndarray, b: np.ndarray, per_second: float, fps: int = 30, seconds: int = 3) -> list[Frame]:  # type: ignore[type-arg]
    """Two pictures in turn: so many flashes (there and back) in each second."""
    half = fps / per_second / 2
    return [(n / fps, a if int(n / half) % 2 else b) for n in range(fps * seconds)]


WHITE, BLACK, RED = plain((255, 255, 255)), plain((0, 0, 0)), plain((255, 0, 0))


@pytest.mark.parametrize("per_second", [1, 2, 3, 5, 10])
def test_a_strobe_is_counted(per_second: int) -> None:
    general, _ = flashes(strobe(WHITE, BLACK, per_second))
    assert general == pytest.approx(per_second, abs=0.5)


def test_a_small_light_may_blink() -> None:
    assert flashes(strobe(plain((255, 255, 255), 0.2), BLACK, 10)) == (0, 0)
    assert flashes(strobe(plain((255, 255, 255), 0.3), BLACK, 10))[0] > 3


def test_small_changes_of_brightness_are_no_flashes() -> None:
    # 80 and 100 of 255 are 0.08 and 0.13 of relative luminance
    assert flashes(strobe(plain((80, 80, 80)), plain((100, 100, 100)), 10)) == (0, 0)


def test_between_two_bright_pictures_nothing_flashes() -> None:
    # 0.82 and 1.0 of relative luminance: the darker one is above 0.8
    assert flashes(strobe(plain((233, 233, 233)), WHITE, 10))[0] == 0


def test_red_counts_even_where_the_luminance_hardly_changes() -> None:
    # A saturated red, and a grey of nearly the same luminance
    general, red = flashes(strobe(RED, plain((127, 127, 127)), 8))
    assert general == 0 and red == pytest.approx(8, abs=0.5)


def test_a_slow_fade_is_one_change() -> None:
    ramp = [*range(0, 256, 8), *range(255, -1, -8)]
    assert flashes([(n / 30, plain((v, v, v))) for n, v in enumerate(ramp)])[0] <= 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=2, max_size=60))
def test_there_are_never_more_flashes_than_pairs_of_frames(levels: list[int]) -> None:
    general, red = flashes([(n / 30, plain((v, v, v))) for n, v in enumerate(levels)])
    assert 0 <= general <= len(levels) / 2 and red == 0
