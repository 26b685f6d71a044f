"""From a model's frames to the video's: when each is shown, what lies between, and how they grow. No torch needed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.generation.enlarging import classically
from gpu_consumers.generation.frames import drawn, finish
from gpu_consumers.generation.manifest import Post
from gpu_consumers.generation.post import Blending, Classical, Motion, Nearest, Pictures, filling
from gpu_consumers.generation.shapes import timeline
from tests.unit.picture_kit import spec


def square(at: float, size: int = 64) -> np.ndarray:
    """A light square of 16 x 16 on dark, its left edge at `at`."""
    picture = np.full((size, size, 3), 30, np.uint8)
    picture[24:40, round(at) : round(at) + 16] = 220
    return picture


def moving(count: int = 8, step: int = 4) -> Pictures:
    return np.stack([square(4 + step * number) for number in range(count)])


@given(st.integers(2, 200), st.floats(4, 60), st.integers(2, 400), st.sampled_from([24.0, 30.0, 60.0]))
def test_time_runs_steadily_within_what_was_made_and_turns_without_a_jump(
    made: int, pace: float, wanted: int, fps: float
) -> None:
    times = timeline(made, pace, wanted, fps)
    assert len(times) == wanted and min(times) >= 0 and max(times) <= made - 1
    most = pace / fps + 1e-6
    assert all(abs(later - earlier) <= most for earlier, later in pairwise(times))


def test_a_scene_that_is_a_little_too_long_is_slowed_down_and_a_much_longer_one_goes_back_and_forth() -> None:
    assert max(timeline(25, 24, 40, 30)) == pytest.approx(24)  # 31.2 frames of time, 24 are there
    back = timeline(5, 24, 60, 30)
    assert back[-1] < 4 and max(back) == pytest.approx(4, abs=0.3)


def test_frames_that_were_made_are_shown_as_they_are() -> None:
    pictures = moving()
    for filter_ in (Blending(), Nearest(), Motion()):
        shown = list(filter_.at(pictures, [0.0, 3.0, 7.0]))
        assert all(np.array_equal(a, pictures[b]) for a, b in zip(shown, (0, 3, 7), strict=True)), filter_


def test_motion_moves_what_moves_where_blending_shows_it_twice() -> None:
    # given a square that jumps 8 pixels from frame to frame, and the moment half-way
    pictures, truth = moving(step=8, count=6), square(4 + 8 * 2 + 4).astype(int)
    (moved,), (mixed,) = (list(filter_.at(pictures, [2.5])) for filter_ in (Motion(), Blending()))
    errors = [np.abs(picture.astype(int) - truth).mean() for picture in (moved, mixed)]
    assert errors[0] < errors[1] / 2


def test_motion_keeps_the_length_and_the_ends() -> None:
    pictures = moving()
    shown = list(Motion().at(pictures, timeline(8, 8, 30, 30)))
    assert len(shown) == 30
    assert np.abs(shown[0].astype(int) - pictures[0]).mean() < 3
    assert np.abs(shown[-1].astype(int) - pictures[7]).mean() < 6


@pytest.mark.parametrize("colour", [(200, 40, 40), (30, 180, 60), (40, 60, 210), (255, 255, 255), (0, 0, 0)])
def test_enlarging_fills_the_size_and_keeps_colours(colour: tuple[int, int, int]) -> None:
    picture = np.full((48, 32, 3), colour, np.uint8)
    frame = Classical(Post()).enlarge(picture, 180, 320)
    assert (frame.width, frame.height, frame.format.name) == (180, 320, "yuv420p")
    back = frame.reformat(format="rgb24", src_colorspace=av.video.reformatter.Colorspace.ITU709).to_ndarray()
    assert np.abs(back.astype(int) - np.array(colour)).max() <= 3


def test_sharpening_makes_edges_steeper() -> None:
    soft, sharp = (Classical(Post(sharpen=amount)).enlarge(square(20), 128, 128) for amount in (0.0, 0.8))
    steep = [np.abs(np.diff(np.asarray(frame.to_ndarray())[:128].astype(int), axis=1)).max() for frame in (soft, sharp)]
    assert steep[1] > steep[0]


@given(st.integers(16, 200), st.integers(16, 200), st.integers(16, 400), st.integers(16, 400))
def test_what_is_cut_is_the_middle_with_the_ratio_of_the_target(w: int, h: int, to_w: int, to_h: int) -> None:
    kept = filling(np.zeros((h, w, 3), np.uint8), to_w, to_h).shape
    assert kept[0] == h or kept[1] == w
    assert abs(kept[1] - kept[0] * to_w / to_h) <= 1 + to_w / to_h


def test_the_clip_has_captions_chrome_and_the_frames_of_the_scene(tmp_path: Path) -> None:
    scene, told = spec(duration_ms=500, draft=6), []
    pictures = np.full((6, 32, 16, 3), 60, np.uint8)
    frames = classically(pictures[[0] * 15], Post(), scene.size)
    finish(frames, scene, tmp_path / "a.mp4", lambda part, _: told.append(part))
    with av.open(str(tmp_path / "a.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(film.streams.video[0])]
    assert len(frames) == 15 and told[-1] == 1.0
    # something light was written on the plain grey
    assert max(int(frame.max()) for frame in frames) > 200


def test_the_drawn_picture_for_models_that_move_one_has_the_scenes_size() -> None:
    picture = drawn(spec(draft=6))
    assert picture.shape == (320, 180, 3) and picture.std() > 5


def test_a_scene_that_was_moved_is_drawn_for_a_model_as_it_was_before() -> None:
    before = spec(draft=6, number=2)
    for place in (3, 4, 5):
        moved = before.scene.model_copy(update={"scene_number": place, "first_number": 2})
        assert np.array_equal(drawn(replace(before, scene=moved)), drawn(before))
