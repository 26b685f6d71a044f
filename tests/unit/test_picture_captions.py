"""Captions: legible, on time, and clear of the apps' buttons."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.caption_styles import CAPTION_STYLES, caption_style
from gpu_consumers.picture.captions import Captions, overflowing
from gpu_consumers.picture.cues import Cue, Spoken, cues
from gpu_consumers.picture.layout import Layout
from gpu_consumers.picture.palettes import PALETTES
from schemas.scripts import Word
from schemas.values import Format
from tests.unit.picture_kit import plain

TEXTS = [
    "Hi",
    "extraordinarily characteristic misunderstandings",
    "x" * 60,
    "مرحبا بالعالم",
    "猫はなぜ喉を鳴らす",
    "😀 ok",
]


def drawn(text: str, style: str, frame: int, shape: Format = Format.PORTRAIT) -> Canvas:
    """The canvas at that frame of words of 300 ms each, on plain grey."""
    layout = Layout(*shape.size)
    words = [Word(text=word, start_ms=n * 300, end_ms=n * 300 + 300) for n, word in enumerate(text.split())]
    captions = Captions(cues(words, 3000), caption_style(style), PALETTES["ember"], layout, 30)
    canvas = plain(Canvas.blank(layout.width, layout.height))
    captions.draw(canvas, frame)
    return canvas


def changed(canvas: Canvas) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is not the plain ground."""
    rows, columns = np.nonzero(canvas.planes[0] != canvas.planes[0][0, 0])
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


@pytest.mark.parametrize("style", CAPTION_STYLES)
@pytest.mark.parametrize("text", TEXTS)
def test_captions_stay_in_the_safe_area(style: str, text: str) -> None:
    left, top, right, bottom = changed(drawn(text, style, 2))
    assert left >= 1080 * 0.05
    assert right <= 1080 * 0.92
    assert top >= 1920 * 0.5
    assert bottom <= 1920 * 0.81


@pytest.mark.parametrize("shape", list(Format))
def test_captions_fit_every_format(shape: Format) -> None:
    _, _, right, bottom = changed(drawn("Why do cats purr", "karaoke", 2, shape))
    width, height = shape.size
    assert right < width * 0.96
    assert bottom < height * 0.95


@pytest.mark.parametrize("style", CAPTION_STYLES)
def test_the_word_being_said_stands_out(style: str) -> None:
    first, second = (drawn("one two", style, frame) for frame in (6, 15))
    assert (first.planes[0] != second.planes[0]).sum() > 500


def test_before_and_after_the_words_there_is_nothing() -> None:
    words = [Word(text="late", start_ms=500, end_ms=700)]
    layout = Layout(1080, 1920)
    captions = Captions(cues(words, 5000), caption_style("karaoke"), PALETTES["ember"], layout, 30)
    seen = []
    for frame in (0, 14, 16, 100):
        canvas = plain(Canvas.blank(1080, 1920))
        captions.draw(canvas, frame)
        seen.append(bool((canvas.planes[0] != canvas.planes[0][0, 0]).any()))
    assert seen == [False, False, True, False]


def test_an_unknown_style_is_named_with_those_that_there_are() -> None:
    with pytest.raises(BackendError, match="wobbly") as caught:
        caption_style("wobbly")
    assert "karaoke" in (caught.value.hint or "")


def test_phrases_that_cannot_fit_are_found() -> None:
    layout = Layout(1080, 1920)
    fits = cues([Word(text="fine", start_ms=0, end_ms=300)], 1000)
    long = cues([Word(text="W" * 200, start_ms=0, end_ms=300)], 1000)
    huge = [Cue((Spoken("W" * 2000, 0, 300),), 0, 300)]
    assert overflowing([*fits, *long, *huge], caption_style("punch"), layout) == huge
