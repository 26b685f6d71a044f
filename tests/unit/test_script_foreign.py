"""Prompts in other languages: the user's words stay, and no English is mixed in."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_consumers.ports import Brief
from gpu_consumers.script.clean import clean, sentences
from gpu_consumers.script.foreign import frames, language, punch
from gpu_consumers.script.knowledge import abroad
from gpu_consumers.script.templates import TemplateWriter
from gpu_consumers.voice.espeak import EspeakVoice
from gpu_consumers.voice.pace import estimate_seconds
from schemas.scripts import Script


def write(prompt: str, default: str = "en", seconds: float = 30) -> Script:
    return TemplateWriter().write(
        Brief(prompt=prompt, archetype=None, target_seconds=seconds, language=default, seed=3)
    )


PROMPTS = {
    "Warum schnurren Katzen?": "de",
    "Die Geschichte des Kaffees": "de",
    "5 Tipps für besseren Schlaf": "de",
    "Pourquoi le ciel est bleu ?": "fr",
    "¿Por qué el cielo es azul?": "es",
    "Los beneficios de dormir bien": "es",
    "Perché il cielo è blu?": "it",
    "Por que o céu é azul?": "pt",
    "Waarom is de lucht blauw?": "nl",
    "Varför är himlen blå?": "sv",
    "Dlaczego niebo jest niebieskie?": "pl",
    "Gökyüzü neden mavi?": "tr",
    "Почему небо голубое?": "ru",
    "Γιατί ο ουρανός είναι μπλε;": "el",
    "猫为什么会打呼噜？": "zh",
    "為什麼天空是藍色的？": "zh-Hant",
    "台灣夜市的歷史": "zh-Hant",
    "猫はなぜ喉を鳴らすのですか": "ja",
    "고양이는 왜 가르랑거릴까요?": "ko",
    "لماذا تخرخر القطط؟": "ar",
    "बिल्लियाँ क्यों घुरघुराती हैं?": "hi",
    "למה חתולים מגרגרים?": "he",
    "Miért dorombolnak a macskák?": "hu",
}


@pytest.mark.parametrize(("prompt", "expected"), PROMPTS.items(), ids=PROMPTS.values())
def test_a_prompt_is_answered_in_its_own_language(prompt: str, expected: str) -> None:
    # When
    script = write(prompt)
    # Then
    assert script.language == expected and 3 <= len(script.scenes) <= 8
    told = " ".join(scene.narration for scene in script.scenes)
    assert prompt.strip("?؟？ ;").split()[-1].lower() in told.lower()
    assert not re.search(r"\b(?:the|and|you|what|comments)\b", told)


ENGLISH = (
    "la la land | El Niño explained | Rio de Janeiro travel tips | crème brûlée recipe | die hard movie | Motörhead | "
    "what does 'la vie est belle' mean | Why do cats purr? | jalapeño peppers | Los Angeles | 🐱"
)


@pytest.mark.parametrize(
    "prompt",
    ["Wie lernt man am besten Vokabeln?", "Wie funktioniert Photosynthese?", "Was macht ein Imker beim Honig?"],
)
def test_german_is_known_by_its_verbs_too(prompt: str) -> None:
    assert language(prompt, "en") == "de"


@pytest.mark.parametrize("prompt", ["", *ENGLISH.split(" | ")])
def test_english_with_foreign_words_stays_english(prompt: str) -> None:
    assert language(prompt, "en") == "en"


def test_the_flavors_language_decides_where_the_prompt_does_not() -> None:
    assert write("Kaffee", "de").language == "de"
    assert language("Warum schnurren Katzen?", "fr") == "de"
    assert language("Why do cats purr and why do they meow?", "de") == "en"


def test_a_text_keeps_its_sentences_in_order() -> None:
    own = ["Der Oktopus hat drei Herzen.", "Zwei pumpen Blut in die Kiemen.", "Eines ist für den Rest."]
    narrations = [scene.narration for scene in write(" ".join(own)).scenes]
    assert narrations[: len(own)] == own


def test_orders_are_not_read_out() -> None:
    told = " ".join(scene.narration for scene in write("Erzähl mir eine Geschichte über einen Drachen").scenes)
    assert "Erzähl mir eine" not in told and "inen Drachen" in told


def test_a_language_without_lines_of_ours_gets_the_prompt_alone() -> None:
    script = write("ქართული ენა")
    assert {scene.narration for scene in script.scenes} == {"ქართული ენა"} and script.language == "ka"


@pytest.mark.parametrize("seconds", [15, 30])
@pytest.mark.parametrize("prompt", ["Warum schnurren Katzen?", "Die Geschichte des Kaffees"])
def test_it_is_not_longer_than_wished(prompt: str, seconds: int) -> None:
    assert sum(scene.duration_s for scene in write(prompt, seconds=seconds).scenes) <= seconds * 1.15


def test_words_on_the_screen_are_few_also_without_spaces() -> None:
    assert punch("猫はなぜ喉を鳴らすのですか？") == "猫はなぜ喉を鳴らすのですか？"
    assert punch("Frag nach: immer, oder nur manchmal?") == "Frag nach"


def test_a_question_on_the_screen_keeps_its_marks() -> None:
    assert punch("Luego aléjate, despacio y sin ruido. ¿Qué cambia?") == "¿Qué cambia?"
    assert punch("Pourquoi le ciel est bleu ?") == "Pourquoi le ciel est bleu ?"
    assert punch("Schau noch einmal ganz genau hin. Was siehst du?") == "Was siehst du?"
    assert punch("Schließ kurz die Augen, und zähl bis drei.") == "Schließ kurz die Augen"


def test_words_on_the_screen_are_not_cut_where_there_is_room() -> None:
    assert punch("Comment faire un bon café à la maison, s'il te plaît ?") == "Comment faire un bon café à la maison"
    assert punch("الجواب الجيد يصمد أمام السؤال التالي.") == "الجواب الجيد يصمد أمام السؤال التالي"
    assert punch("Das ist ein sehr langer Satz ohne Komma der immer weiter geht und nie endet").endswith(" …")


def test_every_line_of_ours_can_be_spoken_or_is_known_not_to_be() -> None:
    speakable = {*"de fr es it pt nl sv pl tr ru el zh zh-Hant ko ar hi he hu".split()}
    assert set(frames()) == speakable | {"ja"}
    speech = EspeakVoice().speak("Γιατί; Γράψε στα σχόλια.", language="el", speaker=None, rate=1.0)
    assert speech.samples.any()


@settings(max_examples=60, deadline=None)
@given(prompt=st.sampled_from(sorted(PROMPTS)), seconds=st.integers(25, 60), seed=st.integers(0, 10_000))
def test_it_fills_its_time_and_says_nothing_twice_but_the_question(prompt: str, seconds: int, seed: int) -> None:
    # When any prompt is written for any length
    script = TemplateWriter().write(
        Brief(prompt=prompt, archetype=None, target_seconds=seconds, language="en", seed=seed)
    )
    # Then it is as long as wished
    planned = sum(estimate_seconds(scene.narration, script.language) for scene in script.scenes)
    assert planned == pytest.approx(seconds, rel=0.15)
    # And only what was asked is said again, at the end
    said = Counter(sentence for scene in script.scenes for sentence in sentences(scene.narration))
    asked = clean(prompt).rstrip("?؟？;")
    assert {sentence for sentence, count in said.items() if count > 1} <= {s for s in said if asked in s}


ANSWERED = {
    "Warum ist der Himmel blau?": "streut", "Pourquoi la mer est salée ?": "dissoute",
    "¿Por qué duermen tanto los gatos?": "cazar", "なぜ空は青いのですか": "散らす", "为什么海水是咸的": "溶解",
    "لماذا ينام القط كثيرا؟": "صيده",
}  # fmt: skip


@pytest.mark.parametrize("seconds", [15, 30, 60])
@pytest.mark.parametrize(("prompt", "answer"), ANSWERED.items())
def test_a_known_question_is_answered_in_its_language(prompt: str, answer: str, seconds: int) -> None:
    brief = Brief(prompt=prompt, archetype=None, target_seconds=seconds, language="en", seed=3)
    made = TemplateWriter().write(brief)
    assert made.scenes[-2].beat == "payoff" and answer in made.scenes[-2].narration
    spoken = sum(estimate_seconds(scene.narration, made.language) for scene in made.scenes)
    assert 0.7 * seconds <= spoken <= 1.3 * seconds
    assert all(len(scene.on_screen_text) >= 2 for scene in made.scenes)


@pytest.mark.parametrize(
    "prompt", ["Warum ist der Himmel auf dem Mars nicht blau?", "¿Por qué el gato del vecino duerme en el sofá azul?",
               "なぜ空軍の飛行機は海の上で青く塗られるのでしょうか"],
)  # fmt: skip
def test_a_question_with_other_words_is_another_one(prompt: str) -> None:
    made = TemplateWriter().write(Brief(prompt=prompt, archetype=None, target_seconds=30, language="en", seed=3))
    assert "payoff" not in [scene.beat for scene in made.scenes]


@pytest.mark.parametrize("seconds", [15, 30, 60])
@pytest.mark.parametrize("prompt", ["為什麼天空是藍色的？", "台灣夜市的歷史", "貓為什麼會打呼嚕？", "冰為什麼會浮？"])
def test_who_asks_in_traditional_characters_is_answered_in_them(prompt: str, seconds: float) -> None:
    # When
    script = write(prompt, seconds=seconds)
    said = "".join(scene.narration + scene.on_screen_text for scene in script.scenes)
    # Then every character is one that Taiwan's charset has, and our lines are not the simplified ones
    assert said.encode("big5") and not set(said) & set("听咸气离里后么")
    assert script.language == "zh-Hant"


def test_all_our_chinese_lines_have_their_traditional_characters() -> None:
    told = [text for each in abroad.known()["zh-Hant"] for pair in each.told for text in pair]
    frame = frames()["zh-Hant"]
    lines = [*told, *frame.more, *(line for scene in (*frame.ask, *frame.tell) for line in scene)]
    assert "".join(lines).encode("big5")


@pytest.mark.parametrize(
    ("prompt", "default", "expected"),
    [("夜市", "en", "zh"), ("夜市", "zh-TW", "zh-TW"), ("夜裡的海", "en", "zh-Hant"), ("夜里的海", "en", "zh")],
)
def test_chinese_that_could_be_either_is_simplified_unless_the_flavor_says_otherwise(
    prompt: str, default: str, expected: str
) -> None:
    script = write(prompt, default)
    assert script.language == expected
    said = "".join(scene.narration for scene in script.scenes)
    assert ("说" in said or "么" in said) == (expected == "zh")
