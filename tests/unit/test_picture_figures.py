"""Figures: what is said is shown when it is said, what everybody says is not, and nothing flickers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.figures import HOLD_S, Figures, Shown, figures, sticker
from gpu_consumers.picture.layout import Box, parted
from gpu_consumers.picture.pictograms import pictogram, pictograms, weak
from gpu_consumers.picture.typefaces import EMOJI, coverage
from schemas.scripts import Word
from tests.unit.picture_kit import plain


def words(text: str, each_ms: int = 400) -> tuple[Word, ...]:
    return tuple(Word(text=word, start_ms=n * each_ms, end_ms=(n + 1) * each_ms) for n, word in enumerate(text.split()))


@pytest.mark.parametrize(
    ("word", "following", "shown"),
    [
        ("Cats", "", "🐱"),
        ("cat's", "", "🐱"),
        ("SHARKS,", "", "🦈"),
        ("strawberries!", "", "🍓"),
        ("deep", "sea?", "🌊"),
        ("deep", "thoughts", None),
        ("submarines", "", "🌊"),
        ("drums", "", "🥁"),
        ("lies", "down", None),
        ("picture", "of", None),
        ("spends", "her", None),
        ("the", "", None),
        ("", "", None),
    ],
)
def test_a_word_finds_its_picture(word: str, following: str, shown: str | None) -> None:
    assert pictogram(word, following) == shown


def test_every_picture_of_the_file_is_in_the_font() -> None:
    from gpu_consumers.picture.pictograms import _known

    assert {emoji for emoji in _known().values() if [ord(each) in coverage(EMOJI) for each in emoji] != [True]} == set()
    assert weak() <= set(_known().values())


def test_the_heading_opens_and_what_is_said_follows_when_it_is_said() -> None:
    found = figures("Coffee", "Better mornings", words("Nobody needs it at all but the dog and the shark do"), 30, "en")
    assert found == (Shown("☕", 0), Shown("🐶", 7 * 12))


def test_weak_pictures_are_shown_only_where_there_is_no_other() -> None:
    assert figures("A question of time", "Cats", (), 30, "en")[0].emoji == "🐱"
    assert figures("A question of time", "", (), 30, "en")[0].emoji == "❓"


@pytest.mark.parametrize(
    ("heading", "language", "shown"),
    [
        ("La historia del chocolate", "es", "🍫"),
        ("Warum frieren Pinguine nicht?", "de", "🐧"),
        ("Les requins dorment-ils ?", "fr", "🦈"),
        ("Die Hainbuche", "de", None),
    ],
)
def test_other_languages_have_pictures_of_what_is_often_asked_for(
    heading: str, language: str, shown: str | None
) -> None:
    assert next((each.emoji for each in figures(heading, "", (), 30, language)), None) == shown


def test_other_languages_have_none_since_their_words_mean_other_things() -> None:
    assert figures("Rat und Tat", "Rat", words("Der Rat"), 30, "de") == ()


@given(st.lists(st.sampled_from("cat dog shark the a of time coffee".split()), max_size=40), st.integers(60, 900))
def test_each_stays_for_a_while_and_no_two_alike_follow(said: list[str], each_ms: int) -> None:
    found = figures("", "", words(" ".join(said), each_ms), 30, "en")
    assert all(after.frame - before.frame >= HOLD_S * 30 for before, after in pairwise(found))
    assert all(after.emoji != before.emoji for before, after in pairwise(found))


def test_a_sticker_has_a_white_edge_all_round() -> None:
    art = np.asarray(sticker("🐱", 300)).astype(int)
    solid = art[..., 3] > 250
    rows = [row for row in range(60, 220, 20) if solid[row].any()]
    assert len(rows) > 5
    assert all((art[row, np.flatnonzero(solid[row])[[1, -2]], :3] > 235).all() for row in rows)


def test_figures_stay_in_their_box_and_change_at_their_frame() -> None:
    # given
    shown, box = (Shown("🐱", 0), Shown("☕", 40)), Box(100, 100, 300, 300)
    drawn = Figures(shown, box, 30, still=True)
    # when
    before, after = (plain(Canvas.blank(540, 540)) for _ in range(2))
    drawn.draw(before, 0)
    drawn.draw(after, 50)
    # then
    grey = plain(Canvas.blank(540, 540)).planes[0]
    touched = np.argwhere(before.planes[0] != grey)
    assert touched.min() >= 60 and touched.max() <= 440
    assert np.abs(before.planes[0].astype(int) - after.planes[0]).mean() > 1


@given(st.integers(100, 2000), st.integers(100, 2000), st.floats(0.1, 0.6), st.booleans())
def test_the_parts_of_a_box_lie_in_it_and_do_not_touch(wide: int, tall: int, share: float, beside: bool) -> None:
    whole = Box(10, 20, wide, tall)
    first, second = parted(whole, share, 10, beside=beside)
    assert first.x >= 10 and first.y >= 20 and second.right <= whole.right and second.bottom <= whole.bottom
    assert (first.right + 10 == second.x) if beside else (first.bottom + 10 == second.y)


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("de", "Warum ist der Himmel blau? Die Katzen schlafen.", "⛅🐱😴"),
        ("fr", "Merci, la mer et les chats", "🌊🐱"),
        ("es", "El sol sale solo, y el mar espera", "☀🌊"),
        ("ja", "なぜ空は青いのですか？ 猫が休まずに鳴らします。", "⛅🐱"),
        ("zh", "太阳把水带走， 盐留了下来。", "☀🧂"),
        ("ar", "لماذا ينام القط والبحر", "😴🐱🌊"),
        ("sv", "Varför sover katten?", ""),
    ],
)
def test_what_is_said_in_other_languages_is_shown(language: str, text: str, shown: str) -> None:
    assert "".join(emoji for _, emoji in pictograms(text.split(), language)) == shown
