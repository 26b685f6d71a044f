"""Planned lengths of scripts against the real voice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gpu_consumers.ports import Brief
from gpu_consumers.script.templates import TemplateWriter
from gpu_consumers.voice.espeak import EspeakVoice
from gpu_consumers.voice.pace import estimate_seconds, reading_seconds

CASES = [
    ("Why do cats purr?", None, 15),
    ("5 tips for better sleep", None, 30),
    ("How to make sourdough", None, 45),
    ("Tell me a story about a dragon who is afraid of fire", None, 60),
    ("Tabs vs spaces", None, 30),
    ("Quantum computing explained", "pov", 20),
    ("Top 10 cities in Japan", None, 40),
]


def spoken(text: str, language: str = "en") -> float:
    return EspeakVoice().speak(text, language=language, speaker=None, rate=1.0).duration_ms / 1000


@pytest.mark.parametrize(("prompt", "archetype", "seconds"), CASES, ids=[case[0] for case in CASES])
def test_a_script_is_as_long_as_wished_when_it_is_really_spoken(
    prompt: str, archetype: str | None, seconds: int
) -> None:
    # Given
    brief = Brief(prompt=prompt, archetype=archetype, target_seconds=seconds, language="en", seed=7)
    script = TemplateWriter().write(brief)
    # When
    with ThreadPoolExecutor(2) as pool:
        real = sum(pool.map(spoken, [scene.narration for scene in script.scenes]))
    # Then
    assert real == pytest.approx(seconds, rel=0.15)
    assert real == pytest.approx(sum(scene.duration_s for scene in script.scenes), rel=0.15)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Warum schnurren Katzen? Das ist eine gute Frage. Denk kurz nach, dann schlag es nach."),
        ("fr", "Pourquoi les chats ronronnent-ils ? C'est une bonne question. Réfléchis, puis cherche la réponse."),
        ("es", "¿Por qué ronronean los gatos? Es una buena pregunta. Piensa un momento, y luego búscala."),
        ("zh", "猫为什么会打呼噜？ 这是一个好问题。 先想一想， 然后去查一查。"),
        ("ru", "Почему кошки мурлычут? Это хороший вопрос. Подумай минуту, а потом проверь ответ."),
    ],
)
def test_other_languages_are_planned_within_a_quarter(language: str, text: str) -> None:
    assert estimate_seconds(text, language) == pytest.approx(spoken(text, language), rel=0.25)


def test_a_faster_rate_is_planned_shorter() -> None:
    assert estimate_seconds("One two three four.", "en", 2.0) < estimate_seconds("One two three four.", "en", 1.0)


def test_long_words_and_ends_of_sentences_are_read_longer() -> None:
    assert reading_seconds("extraordinary") > reading_seconds("cat")
    assert reading_seconds("cat.") > reading_seconds("cat")
    assert reading_seconds("猫はなぜ喉を鳴らすのですか") > 1.5
