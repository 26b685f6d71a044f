"""Looks: each has its face, moves, fits every format and text, and neighbours differ.

The faces are kept as difference hashes in `picture_golden.json`. When one is changed on purpose, delete its entry: the
test then fails once, and prints the new one.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import yuv
from gpu_consumers.picture.looks import LOOKS, choose, look_named
from gpu_consumers.picture.looks.counter import figure
from gpu_consumers.picture.transitions import FRAMES, KINDS, Transitions, kind_of
from schemas.values import Format
from tests.unit.picture_kit import GREEN, GREY, plain, stage

GOLDEN = Path(__file__).with_name("picture_golden.json")


def at(look: str, frame: int, **changes: object) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The luma of a frame of the look, painted in order up to it."""
    paint = LOOKS[look](stage(**changes))
    canvas = paint(0)
    for n in range(1, frame + 1):
        canvas = paint(n)
    return canvas.planes[0].copy()


def face(luma: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> int:
    """A difference hash of 16 x 16 bits: whether each block is lighter than its right neighbour."""
    rows, columns = (side // n * n for side, n in zip(luma.shape, (16, 17), strict=True))
    blocks = luma[:rows, :columns].reshape(16, rows // 16, 17, columns // 17).mean(axis=(1, 3))
    bits = (blocks[:, 1:] > blocks[:, :-1] + 0.5).reshape(-1)
    return int("".join("1" if bit else "0" for bit in bits), 2)


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks_as_it_did(look: str) -> None:
    found = face(at(look, 24))
    golden = json.loads(GOLDEN.read_text())
    assert look in golden, f'add "{look}": "{found:064x}"'
    assert (found ^ int(golden[look], 16)).bit_count() <= 12, f"{found:064x}"


@pytest.mark.parametrize("look", LOOKS)
def test_it_moves_and_is_never_blank(look: str) -> None:
    first, later = at(look, 0, number=1), at(look, 20, number=1)
    assert first.std() > 4
    assert np.abs(first.astype(int) - later).mean() > 0.02


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("shape", [Format.LANDSCAPE, Format.SQUARE])
def test_it_fills_every_format(look: str, shape: Format) -> None:
    assert at(look, 1, format=shape).shape[::-1] == shape.size


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("heading", ["", "x", "W" * 60, "猫はなぜ喉を鳴らす？", "لماذا؟ 😻", "1,200,000 % of $5.50"])
def test_no_heading_fails(look: str, heading: str) -> None:
    at(look, 1, heading=heading, number=1, duration_ms=100)


def test_scenes_next_to_each_other_never_look_alike() -> None:
    for video in range(60):
        dealt = [choose("turn", number, f"title {video}", seed=video * 31 + number) for number in range(1, 9)]
        assert all(len({*dealt[n : n + 4]}) == 4 for n in range(len(dealt) - 3))


def test_every_look_is_dealt_and_the_beat_has_a_say() -> None:
    dealt = [choose("hook", number, f"title {n}", seed=n) for n in range(300) for number in (1, 2)]
    assert {*dealt} == {*LOOKS}
    assert dealt.count("kinetic") > dealt.count("tiles")


def test_an_unknown_look_is_named() -> None:
    with pytest.raises(BackendError, match="nope"):
        look_named("nope")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("25 times", "25"),
        ("grew 3.5% since", "3.5%"),
        ("$1,200 a day", "$1,200"),
        ("since 1969", "1969"),
        ("B2B", None),
    ],
)
def test_the_counter_finds_the_number(text: str, shown: str | None) -> None:
    found = figure("no number", text)
    assert (found.text(1) if found else None) == shown


def test_years_are_not_counted_from_zero() -> None:
    found = figure("since 1969")
    assert found is not None
    assert found.text(0) == "1929"


def test_a_speech_bubble_has_its_words_as_soon_as_it_is_large_enough() -> None:
    popped, settled = ((at("comic", frame, number=2) < 40).sum() for frame in (4, 12))
    assert popped > 0.9 * settled


def test_videos_have_different_transitions_and_each_video_one() -> None:
    assert {kind_of(f"title {n}") for n in range(60)} == {*KINDS}
    assert kind_of("title") == kind_of("title")


@pytest.mark.parametrize("kind", ["slide", "wipe", "zoom"])
def test_a_transition_leaves_most_of_the_picture_in_sight(kind: str) -> None:
    # Given a picture that is grey on its left and green on its right, in a video with that transition
    title = next(f"title {n}" for n in range(60) if kind_of(f"title {n}") == kind)
    shot = stage(number=3, count=9, title=title)
    for frame in [*range(FRAMES), *range(shot.frames - FRAMES, shot.frames)]:
        canvas = plain(Canvas.blank(1080, 1920))
        canvas.fill(GREEN, x=540)
        # When
        luma = Transitions(shot).apply(canvas, frame).planes[0]
        # Then both are still there at each of its frames, and hardly anything else
        seen = [np.mean(luma == yuv(colour)[0]) for colour in (GREY, GREEN)]
        assert min(seen) > 0.2 and sum(seen) > 0.75, frame


def test_no_frame_of_a_fade_is_dark() -> None:
    faded = stage(number=3, count=9, title=next(f"title {n}" for n in range(60) if kind_of(f"title {n}") == "fade"))
    canvas = Transitions(faded).apply(plain(Canvas.blank(1080, 1920)), faded.frames - 1)
    dark = yuv(faded.palette.deep)[0]
    assert canvas.planes[0].mean() - dark > 0.25 * (yuv(GREY)[0] - dark)


def test_transitions_end_where_the_picture_stands() -> None:
    titles = {kind_of(f"title {n}"): f"title {n}" for n in range(60)}
    for kind in KINDS:
        moved = Transitions(stage(number=3, count=9, title=titles[kind]))
        canvas = moved.apply(plain(Canvas.blank(1080, 1920)), 0)
        assert canvas.planes[0].shape == (1920, 1080)
        steady = plain(Canvas.blank(1080, 1920))
        assert moved.apply(steady, 8) is steady
        assert int(steady.planes[0].std()) == 0
