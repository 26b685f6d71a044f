"""Prompts as people type them, made fit to be spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.script.clean import clean, picture_words, sentences


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("# **Why** do _cats_ purr??", "Why do cats purr?"),
        ("look 🐱🐱 here ❤️", "look here"),
        ("see https://www.example.com/a/b?c=d for more", "see example.com for more"),
        ("Why do cats purr? https://example.com/x", "Why do cats purr?"),
        ("https://example.com/x", "example.com"),
        ("Why do cats purr? #cats #CatLife", "Why do cats purr?"),
        ("my #CatLife story", "my Cat Life story"),
        ("#SundayVibes", "Sunday Vibes"),
        ("1. first\n2. second\n- third", "first. second. third."),
        ("[link](http://x.y/z) and <b>bold</b>", "link and bold"),
        ("“Hi”, he’d said — twice…", '"Hi", he\'d said - twice...'),
        ("snake_case and 2*3*4 = 24", "snake_case and 2*3*4 = 24"),
        ("```\ncode\n``` after", "after"),
        ("zero\u200bwidth\x00 null", "zerowidth null"),
        ("  spaced   out  ", "spaced out"),
        ("20°C outside", "20°C outside"),
        ("🐱", ""),
        ("", ""),
        ("لماذا تخرخر القطط؟", "لماذا تخرخر القطط؟"),
        ("हिन्दी में", "हिन्दी में"),
    ],
)
def test_a_prompt_becomes_plain_text(typed: str, cleaned: str) -> None:
    assert clean(typed) == cleaned


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met J. Doe. They left.", ["Dr. Smith met J. Doe.", "They left."]),
        ("It costs 3.50 today. Really.", ["It costs 3.50 today.", "Really."]),
        ("猫はなぜ？面白い。", ["猫はなぜ？", "面白い。"]),
        ("no end", ["no end"]),
        ("", []),
    ],
)
def test_text_is_cut_at_the_ends_of_sentences(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@pytest.mark.parametrize(
    ("emoji", "words"), [("🐱", "cat"), ("🍕🍕", "pizza"), ("🚀🌋🐶", "rocket and volcano"), ("!!", "")]
)
def test_emoji_alone_are_what_they_show(emoji: str, words: str) -> None:
    assert picture_words(emoji) == words


@given(st.text(max_size=200))
def test_anything_can_be_cleaned_and_cleaning_twice_changes_little(text: str) -> None:
    once = clean(text)
    assert "\n" not in once and once == once.strip()
    assert all(part.strip() for part in sentences(once))
