"""How long a text takes to say, before anyone says it."""

from __future__ import annotations

import re

from gpu_consumers.voice.languages import base
from gpu_consumers.voice.text import prepare, speakable

#: Spoken at rate 1.0: seconds for each letter or digit, each word, each pause within and after a sentence.
_LETTER, _DIGIT, _WORD, _COMMA, _STOP = 0.0551, 0.25, 0.0572, 0.39, 0.555
#: A character of these scripts is a syllable.
_SYLLABIC = re.compile(r"[぀-ヿ㐀-鿿가-힯]")
_SYLLABLE = 0.24
#: Languages whose spelling has more letters than sounds (French), or fewer (Arabic, Hebrew, Thai, Hindi).
_FACTORS = {"fr": 0.84, "ar": 1.85, "fa": 1.6, "he": 1.15, "hi": 1.6, "th": 3.0, "uk": 1.35, "tr": 1.15, "pl": 1.12,
            "ko": 0.8, "zh": 1.1}  # fmt: skip
#: The pads before the first word and after the last, and the last word's fall.
PAD_S = 0.34


def estimate_seconds(text: str, language: str, rate: float = 1.0) -> float:
    """The seconds that the offline voice needs for a text; within 15 % for whole English scripts."""
    spoken = prepare(text, language).text
    syllables = len(_SYLLABIC.findall(spoken))
    letters = sum(character.isalpha() for character in spoken) - syllables
    digits = sum(character.isdigit() for character in spoken)
    words = sum(speakable(word) for word in spoken.split())
    pauses = _COMMA * len(re.findall(r"[,;:](?=\s|$)", spoken)) + _STOP * len(re.findall(r"[.!?]+(?=\s)", spoken))
    sounds = letters * _LETTER + digits * _DIGIT + words * _WORD + syllables * _SYLLABLE
    return PAD_S + (sounds * _FACTORS.get(base(language), 1.0) + pauses) / rate


def paced_seconds(text: str, language: str) -> float:
    """As `estimate_seconds`; for Japanese, whose kanji no offline voice reads, at the pace of a reader."""
    if base(language) == "ja":
        return PAD_S + sum(map(reading_seconds, text.split()))
    return estimate_seconds(text, language)


def reading_seconds(word: str) -> float:
    """How long a word stands when nobody says it: a quick reader's pace."""
    syllables = len(_SYLLABIC.findall(word))
    letters = min(len(word) - syllables, 20)
    return 0.22 + 0.03 * letters + 0.16 * syllables + (0.2 if word[-1:] in ".!?,;:。！？، ؟" else 0.0)
