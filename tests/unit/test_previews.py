"""Previews from latents: the map that least squares find, and the picture that it makes."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gpu_consumers.generation.previews import applied, fitted, jpeg, patches
from gpu_consumers.picture.renderer import PREVIEW_WIDTH


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 16), st.integers(0, 2**32 - 1))
def test_colours_that_depend_linearly_on_latents_are_found_again(channels: int, seed: int) -> None:
    # given
    chance = np.random.default_rng(seed)
    latents = chance.normal(size=(60, channels))
    true = np.concatenate([chance.normal(size=(channels, 3)) * 0.05, np.full((1, 3), 0.5)])
    colours = np.concatenate([latents, np.ones((60, 1))], axis=1) @ true
    # when
    found = fitted(latents, colours)
    # then
    assert np.allclose(found, true, atol=1e-9)
    shown = applied(found, latents[:12].T.reshape(channels, 3, 4))
    assert np.abs(shown.reshape(-1, 3) - np.clip(colours[:12], 0, 1) * 255).max() <= 0.51


def test_latents_without_a_picture_make_one_all_the_same() -> None:
    mapping = np.ones((5, 3))
    assert applied(mapping, np.full((4, 2, 2), 1e9)).max() == 255
    assert applied(mapping, np.full((4, 2, 2), np.nan)).max() == 0


def test_a_preview_is_a_small_jpeg_of_the_clips_shape() -> None:
    shown = Image.open(io.BytesIO(jpeg(np.zeros((26, 15, 3), np.uint8))))
    assert (shown.format, shown.size) == ("JPEG", (PREVIEW_WIDTH, round(PREVIEW_WIDTH * 26 / 15)))


def test_the_picture_that_maps_are_fitted_to_holds_many_colours_and_is_always_the_same() -> None:
    first = patches()
    assert first.shape[0] == 3
    assert first.min() < 0.1
    assert first.max() > 0.9
    assert np.array_equal(first, patches())
