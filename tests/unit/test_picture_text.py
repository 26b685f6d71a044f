"""Text: any string is cut into runs that a bundled font can draw."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from gpu_consumers.picture.text import advance, clean, draw, emoji, rtl, runs
from gpu_consumers.picture.typefaces import EMOJI, FOLDER, Face, coverage


@pytest.mark.parametrize("face", list(Face))
@pytest.mark.parametrize(
    "text",
    ["Hello", "Ёлка", "Ωμέγα", "مرحبا", "שלום", "猫はなぜ", "고양이", "बिल्ली", "แมว", "ქართული", "→ ✓ ★", "ሰላም"],
)
def test_every_script_has_a_font(face: Face, text: str) -> None:
    for run in runs(text, face):
        assert {ord(c) for c in run.text} <= coverage(run.font)
    assert advance(text, face, 40) > 20


def test_the_coverage_read_from_a_font_is_what_it_can_draw() -> None:
    font = ImageFont.truetype(str(FOLDER / Face.CONDENSED), 40)
    missing = bytes(font.getmask("\U000fffff"))
    points = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x250)]
    drawn = {point for point in points if bytes(font.getmask(chr(point))) not in (missing, b"")}
    assert drawn == coverage(Face.CONDENSED) & {*points}


def test_a_word_written_from_the_right_keeps_its_brackets_round_it() -> None:
    assert [run.text for run in runs("(באמת)", Face.BLACK)] == ["(", "באמת", ")"]
    assert [run.text for run in runs("קצר!", Face.BLACK)] == ["!", "קצר"]
    assert rtl("2024 שלום")
    assert not rtl("a שלום")


def test_emoji_become_pictures_without_tones_selectors_and_joiners() -> None:
    found = runs("a👩🏽‍🚀❤️b", Face.BLACK)
    assert [(run.text, run.emoji) for run in found] == [("a", False), ("👩❤", True), ("b", False)]
    assert found[1].font == EMOJI
    pictures = emoji("a👩🏽‍🚀❤️b", Face.BLACK, 40)
    assert len(pictures) == 2
    assert all(picture.getchannel("A").getextrema()[1] == 255 for _, picture in pictures)


def test_what_cannot_be_drawn_is_left_out() -> None:
    assert clean(" a\x00b\t\u202ec\n\ud800 ") == "ab c"
    assert clean("𝐛𝐨𝐥𝐝") == "bold"
    assert clean("e\u0301") == "é"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12))
def test_no_text_fails(text: str) -> None:
    mask = Image.new("L", (400, 80))
    draw(mask, 4, 60, clean(text), Face.BLACK, 40, 3.0)
    emoji(clean(text), Face.BLACK, 40)
    assert advance(clean(text), Face.BLACK, 40) >= 0
