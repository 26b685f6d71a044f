"""Paragraphs: as large as the box allows, broken evenly, in the order in which they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.picture.paragraph import Paragraph, Setting, fit
from gpu_consumers.picture.tokens import pieces, tokens
from gpu_consumers.picture.typefaces import Face


def paragraph(text: str, width: int = 600, height: int = 400, size: int = 120, lines: int = 6) -> Paragraph:
    return fit(tokens(text), Setting(face=Face.BLACK, size=size), (width, height), smallest=20, lines=lines)


def lines(text: Paragraph) -> list[str]:
    return [" ".join(word.text for word in text.words if word.line == n) for n in range(text.lines)]


@pytest.mark.parametrize(
    "text",
    ["Why?", "Why do cats purr at night", "猫はなぜゴロゴロと喉を鳴らすのでしょうか", "لماذا تخرخر القطط", "x" * 60],
)
def test_it_stays_in_its_box(text: str) -> None:
    made = paragraph(text)
    assert made.width <= 601
    assert made.height <= 401
    assert all(word.x >= -1 and word.x + word.width <= made.width + 1 for word in made.words)


@pytest.mark.parametrize(("text", "right"), [("Why do cats purr", False), ("لماذا تخرخر القطط", True)])
def test_lines_begin_where_their_script_begins(text: str, right: bool) -> None:
    setting = Setting(face=Face.BLACK, size=100, align="start")
    made = fit(tokens(text), setting, (420, 600), smallest=100)
    assert made.lines > 1
    for number in range(made.lines):
        row = [word for word in made.words if word.line == number]
        edge = max(word.x + word.width for word in row) if right else min(word.x for word in row)
        assert edge == pytest.approx(made.width if right else 0, abs=1)
    # and so does the paragraph in its box, and what is drawn under it
    assert made.start(10, 1000) == (1010 - made.width if right else 10)
    assert made.start(10, 1000, 200) == (810 if right else 10)


def test_short_text_gets_the_wished_size_and_long_text_a_smaller_one() -> None:
    assert paragraph("Cats purr").size == 120
    assert paragraph("Cats purr because a tiny muscle in the throat opens and closes").size < 120


def test_lines_are_of_about_one_length() -> None:
    assert lines(paragraph("one two three four", width=500, size=80)) == ["one two", "three four"]


def test_a_word_that_is_too_long_is_broken_with_hyphens_rather_than_made_tiny() -> None:
    made = paragraph("Donaudampfschifffahrtsgesellschaftskapitän", width=500)
    assert made.size >= 60 * 0.9
    assert "".join(lines(made)).replace("-", "") == "Donaudampfschifffahrtsgesellschaftskapitän"


def test_words_written_from_the_right_stand_from_the_right() -> None:
    made = paragraph("שלום עולם 2024 abc def", size=40, width=1000)
    assert [word.text for word in sorted(made.words, key=lambda word: word.x)][-2:] == ["עולם", "שלום"]
    left = [word.text for word in sorted(made.words, key=lambda word: word.x)][:3]
    assert left == ["2024", "abc", "def"]


def test_ideographs_may_be_parted_but_not_from_the_marks_that_close_them() -> None:
    assert pieces("猫は、好き。") == ["猫は、", "好き。"]
    assert pieces("hello!") == ["hello!"]


@pytest.mark.parametrize(
    ("text", "leading"), [("WHY DO CATS PURR", 0.9), ("為什麼 天空是 藍色的", 1.08), ("لماذا تخرخر", 1.08)]
)
def test_lines_of_a_poster_are_tight_only_where_its_own_letters_are_set(text: str, leading: float) -> None:
    # Given a poster's type, whose lines are set closer than its letters are tall
    setting = Setting(face=Face.CONDENSED, size=100, leading=0.9)
    made = fit(tokens(text), setting, (330, 900), smallest=100)
    # Then lines that another face helps to set do not touch
    first, second = sorted({word.baseline for word in made.words})[:2]
    assert second - first == pytest.approx(leading * 100, abs=1)


def test_nothing_gives_nothing() -> None:
    assert paragraph("").lines == 0


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("なぜ空は青いのですか？", "なぜ 空は 青いのですか？"),
        ("子どもにもわかるように言ってみましょう。", "子どもにも わかるように 言ってみましょう。"),
        ("コーヒーはなぜ眠気を覚ますのですか", "コーヒーは なぜ 眠気を 覚ますのですか"),
        ("为什么天空是蓝色的？", "为什么 天空 是 蓝色的？"),
        ("為什麼海水是鹹的", "為什麼 海水 是 鹹的"),
        ("AIはどうやって動くの", "AIは どうやって 動くの"),
    ],
)
def test_what_is_read_together_stays_together(text: str, phrases: str) -> None:
    assert pieces(text) == phrases.split()


@given(st.text(alphabet="なぜ空は青いっょー、。为什么天的了A1", min_size=1, max_size=30))
def test_no_part_begins_with_what_clings_and_nothing_is_lost(text: str) -> None:
    parts = pieces(text)
    assert "".join(parts) == text
    assert not any(part[0] in "っょー、。" for part in parts[1:])
