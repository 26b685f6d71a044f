"""espeak-ng: real sound, a time for every written word, the same samples every time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.ports import Speech
from gpu_consumers.voice import espeak
from gpu_consumers.voice.espeak import EspeakVoice, voice_name
from gpu_consumers.voice.languages import espeak_voices

TEXTS = {
    "plain": "Why do cats purr? Nobody told them to, and they do it anyway.",
    "markdown": "**Bold** and `code`, _soft_ and ~~gone~~ — # really…",
    "emoji": "Look 🐱 at 🚀 this 👨‍👩‍👧‍👦 now",
    "address": "Visit https://www.example.com/cats?x=1#top or write to me@example.org today.",
    "quotes": "“Never,” she said, ‘not’ «once» (or twice).",
    "hashtags": "#CatLife and @someone know #1 thing",
    "numbers": "In 2024, 1,234,567 people paid $5.50, 50% more: 3.14 × 2 = 6.28!",
    "right to left": "لماذا تخرخر القطط؟ سؤال جيد.",
    "hebrew": "למה חתולים מגרגרים?",
    "chinese": "猫为什么会打呼噜？ 这是一个好问题。",
    "korean": "고양이는 왜 가르랑거릴까요?",
    "mixed scripts": "The word 猫 means cat, and кот does too.",
    "one word": "cats",
    "punctuation alone": "Well - yes … no — !",
    "merged function words": "One of the best of the rest in the middle of the night at the end of the day.",
    "control characters": "zero\u200bwidth \x00 null \ufeff mark \u202e turned",
    "a very long word": "a" * 400 + " end",
    "abbreviations": "POV: you use AI and NASA at 10:30 a.m., e.g. on Dr. Smith's C++ code & more.",
}


def speak(text: str, language: str = "en", speaker: str | None = None, rate: float = 1.0) -> Speech:
    return EspeakVoice().speak(text, language=language, speaker=speaker, rate=rate)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_every_written_word_gets_a_time_in_order_inside_the_sound(text: str) -> None:
    # When
    speech = speak(text)
    # Then: exactly the text's words, the over-long one cut
    assert [word.text[:100] for word in speech.words] == [word[:100] for word in text.split()]
    # Then: in order, without overlap, inside
    assert all(word.start_ms <= word.end_ms for word in speech.words)
    assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(speech.words))
    assert speech.words[-1].end_ms <= speech.duration_ms
    assert speech.samples.dtype == np.int16 and speech.sample_rate == 22050


def test_the_same_text_gives_the_same_samples() -> None:
    one, two = speak(TEXTS["numbers"]), speak(TEXTS["numbers"])
    assert np.array_equal(one.samples, two.samples) and one.words == two.words


def test_spoken_words_last_and_pauses_belong_to_nobody() -> None:
    speech = speak("First sentence here. Second one there.")
    assert all(word.end_ms - word.start_ms >= 60 for word in speech.words)
    assert speech.words[3].start_ms - speech.words[2].end_ms >= 150


def test_silence_at_both_ends_is_short() -> None:
    speech = speak("Why do cats purr?")
    assert speech.words[0].start_ms <= 80
    assert speech.duration_ms - speech.words[-1].end_ms <= 150


def test_text_without_anything_to_say_is_captioned_in_silence() -> None:
    speech = speak("🐱 … 🚀")
    assert [word.text for word in speech.words] == ["🐱", "…", "🚀"]
    assert not speech.samples.any() and speech.duration_ms >= 1000


def test_a_slower_rate_takes_longer() -> None:
    text = TEXTS["plain"]
    assert speak(text, rate=0.8).duration_ms > speak(text).duration_ms * 1.1 > speak(text, rate=1.3).duration_ms * 1.2


def test_speakers_differ_and_an_unknown_one_is_the_usual_one() -> None:
    usual = speak("Hello there.")
    assert not np.array_equal(speak("Hello there.", speaker="f3").samples, usual.samples)
    assert np.array_equal(speak("Hello there.", speaker="alloy").samples, usual.samples)


@pytest.mark.parametrize(
    ("language", "speaker", "name"),
    [
        ("en", None, "en-us"),
        ("en-GB", "female", "en+f3"),
        ("en", "en-gb+m3", "en+m3"),
        ("de", "en-gb+m3", "de+m3"),
        ("fr", "f3", "fr+f3"),
        ("zh", None, "cmn"),
        ("pt-BR", None, "pt-br"),
        ("pt-PT", None, "pt"),
        ("de-AT", None, "de"),
        ("no", None, "nb"),
    ],
)
def test_languages_and_speakers_have_their_espeak_names(language: str, speaker: str | None, name: str) -> None:
    assert voice_name(language, speaker) == name


def test_every_voice_of_the_table_is_in_the_wheel() -> None:
    for name in sorted(espeak_voices()):
        assert espeak.has_voice(name), name


def test_a_language_without_a_voice_is_refused() -> None:
    with pytest.raises(BackendError, match="'ja'"):
        speak("猫はなぜ喉を鳴らすのですか")
    with pytest.raises(BackendError, match="'xx'"):
        speak("Hello", language="xx")


def test_a_late_process_may_be_tried_again() -> None:
    with pytest.raises(TransientBackendError, match="longer than"):
        EspeakVoice(timeout_s=0.0001).speak("Hello", language="en", speaker=None, rate=1.0)


def test_a_broken_library_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "_paths", lambda: {"library": "/nowhere.so", "data": "/nowhere"})
    with pytest.raises(BackendError, match="nowhere"):
        speak("Hello")


def test_a_process_that_dies_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak.espeak_process, "__file__", "/nowhere/at/all.py")
    with pytest.raises(TransientBackendError, match="ended with 2"):
        speak("Hello")


def test_the_fingerprint_changes_with_the_settings() -> None:
    assert EspeakVoice().fingerprint() == EspeakVoice().fingerprint() != EspeakVoice(pitch=60).fingerprint()
