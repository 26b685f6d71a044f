"""Figures of a clip's pictures: what is blurred, noisy, flickering or unlike another one is told from what is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.assembly.stretches import Watch
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.frames import luma
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import BLACK
from gpu_consumers.picture.encode import ClipWriter
from gpu_consumers.quality.gauge import flicker, gauged, sharpness
from gpu_consumers.quality.likeness import likeness, psnr_db

Pixels = npt.NDArray[np.uint8]
NOISE: Pixels = np.random.default_rng(7).integers(60, 190, (96, 160), np.uint8)


def blurred(pixels: Pixels) -> Pixels:
    rows = pixels.astype(np.float64)
    for axis in (0, 1):
        rows = (np.roll(rows, 1, axis) + rows + np.roll(rows, -1, axis)) / 3
    return rows.astype(np.uint8)


def brightened(pixels: Pixels, levels: int | npt.NDArray[np.int64]) -> Pixels:
    return (pixels.astype(np.int16) + levels).astype(np.uint8)


def film(path: Path, frames: list[Pixels]) -> Path:
    canvas = Canvas.blank(160, 96)
    with ClipWriter(path, 160, 96, 10) as writer:
        for frame in frames:
            canvas.fill(BLACK)
            canvas.planes[0][:] = frame
            writer.write(canvas)
    return path


def test_each_blur_takes_sharpness_away_and_a_flat_picture_has_none() -> None:
    once, twice = blurred(NOISE), blurred(blurred(NOISE))
    assert sharpness(NOISE) > 2 * sharpness(once) > 4 * sharpness(twice) > 0
    assert sharpness(np.full((96, 160), 90, np.uint8)) == 0.0


def test_brightness_is_no_sharpness_and_a_sample_is_as_sharp_as_the_whole() -> None:
    assert sharpness(brightened(NOISE, 40)) == pytest.approx(sharpness(NOISE))
    assert sharpness(NOISE, step=3) == pytest.approx(sharpness(NOISE), rel=0.1)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=20))
def test_what_only_grows_brighter_or_darker_does_not_flicker(steps: list[int]) -> None:
    levels = np.cumsum([20, *steps])
    for series in (levels, levels[::-1]):
        quality = gauged(np.full((8, 8), level, np.uint8) for level in series)
        assert quality is not None and quality.flicker == 0.0


@given(st.integers(1, 60), st.integers(3, 30))
def test_what_comes_and_goes_flickers_by_as_many_levels(levels: int, count: int) -> None:
    quality = gauged(brightened(NOISE, levels if number % 2 else 0) for number in range(count))
    assert quality is not None
    assert (quality.flicker, quality.frames, quality.width, quality.height) == (levels, count, 160, 96)


def test_a_change_that_is_half_taken_back_counts_half() -> None:
    up, down = np.full((4, 4), 10, np.int16), np.full((4, 4), -5, np.int16)
    assert (flicker(up, down), flicker(up, up), flicker(up, np.zeros_like(up))) == (5.0, 0.0, 0.0)


def test_without_frames_there_are_no_figures_and_one_frame_has_its_sharpness() -> None:
    assert gauged([]) is None
    alone = gauged([NOISE])
    assert alone is not None and alone.sharpness > 0 and alone.flicker == 0.0


def test_what_is_drawn_is_measured_while_it_is_at_hand() -> None:
    # given a scene that flickers and one that does not
    chance, canvas, watches = np.random.default_rng(3), Canvas.blank(160, 96), (Watch(10, 0.5), Watch(10, 0.5))
    for watch, levels in zip(watches, (1, 40), strict=True):
        for frame in range(30):
            canvas.planes[0][:] = brightened(NOISE, int(chance.integers(0, levels)))
            watch.see(canvas, frame)
    calm, wild = (watch.quality for watch in watches)
    # then the figures say so, of every other frame
    assert calm is not None and wild is not None
    assert calm.flicker == 0 and wild.flicker > 1
    assert (calm.width, calm.height, calm.frames) == (160, 96, 15)


def test_a_clip_is_like_itself_and_less_and_less_like_worse_ones(tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    same, bad, worse = (
        film(tmp_path / f"{levels}.mp4", [brightened(NOISE, chance.integers(-levels, levels + 1, NOISE.shape))] * 12)
        for levels in (0, 15, 45)
    )
    assert likeness(same, same) == (100.0, 1.0)
    one, two = likeness(bad, same), likeness(worse, same)
    assert 100 > one[0] > two[0] > 0 and 1 > one[1] > two[1] > 0


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    with pytest.raises(BackendError, match="cannot be compared"):
        likeness(film(tmp_path / "a.mp4", [NOISE]), tmp_path / "broken.mp4")


def test_psnr_by_its_formula() -> None:
    # 10 log10(255² / 1) = 48.13 dB
    assert psnr_db(1.0) == pytest.approx(48.1308, abs=1e-4) and psnr_db(0.0) == 100.0 and psnr_db(255.0**2) == 0.0


def test_the_luma_of_a_models_picture() -> None:
    picture = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert luma(picture)[0].tolist() == [255, 0, 53, 182, 18]
