"""What is said for what is written."""

from __future__ import annotations

import pytest

from gpu_consumers.voice.languages import language_of
from gpu_consumers.voice.text import prepare, say, speakable


@pytest.mark.parametrize(
    ("written", "language", "said"),
    [
        ("hello", "en", "hello"),
        ("**Bold**,", "en", "Bold,"),
        ("`code`", "en", "code"),
        ("“quoted”", "en", "quoted"),
        ("don’t", "en", "don't"),
        ("really…", "en", "really..."),
        ("—", "en", ","),
        ("-", "en", ","),
        ("…", "en", "..."),
        ("🐱", "en", ""),
        ("(aside)", "en", "aside"),
        ("&", "en", "and"),
        ("&", "de", "und"),
        ("R&B", "en", "R and B"),
        ("50%", "en", "50 percent"),
        ("50%", "de", "50 Prozent"),
        ("$5", "en", "5 dollars"),
        ("$2.5M,", "en", "2.5 million dollars,"),
        ("€3.", "de", "3 Euro."),
        ("1,234,567", "en", "1234567"),
        ("1.234.567", "de", "1234567"),
        ("3.14", "en", "3.14"),
        ("#CatLife", "en", "Cat Life"),
        ("@someone", "en", "someone"),
        ("https://www.example.com/a/b?c=d", "en", "example dot com"),
        ("example.org", "de", "example Punkt org"),
        ("me@example.org", "en", "me at example dot org"),
        ("POV:", "en", "P O V:"),
        ("AI", "en", "A I"),
        ("NASA", "en", "NASA"),
        ("and/or", "en", "and or"),
        ("well-known", "en", "well-known"),
        ("猫", "en", ""),
        ("猫。", "zh", "猫."),
        ("кот", "ru", "кот"),
        ("iPhone", "en", "iPhone"),
    ],
)
def test_a_written_word_is_said_as_people_say_it(written: str, language: str, said: str) -> None:
    assert say(written, language) == said


def test_spans_point_at_each_words_part() -> None:
    spoken = prepare("Cats 🐱 & dogs!", "en")
    assert [spoken.text[a:b] for a, b in spoken.spans] == ["Cats", "", "and", "dogs!"]


@pytest.mark.parametrize(("said", "heard"), [("a", True), ("12", True), (",", False), ("", False), ("...", False)])
def test_only_letters_and_digits_are_heard(said: str, heard: bool) -> None:
    assert speakable(said) is heard


@pytest.mark.parametrize(
    ("text", "default", "language"),
    [
        ("Hello", "en", "en"),
        ("Hello", "de", "de"),
        ("Привет мир", "en", "ru"),
        ("Привіт", "uk", "uk"),
        ("猫はなぜ", "en", "ja"),
        ("猫为什么", "en", "zh"),
        ("猫", "ja", "ja"),
        ("لماذا", "fa", "fa"),
        ("The word 猫 means cat", "en", "en"),
        ("123 🐱", "fr", "fr"),
    ],
)
def test_the_letters_of_a_text_say_how_to_read_it(text: str, default: str, language: str) -> None:
    assert language_of(text, default) == language
