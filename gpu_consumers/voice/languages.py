"""Which espeak-ng voice speaks a language, and which languages can be told from the letters of a text."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

#: Language tags (lower case) whose espeak-ng voice has another name than the tag itself.
_VOICES = {
    "en": "en-us",
    "en-gb": "en",
    "en-uk": "en",
    "es-mx": "es-419",
    "es-us": "es-419",
    "nn": "nb",
    "no": "nb",
    "pt": "pt-br",
    "pt-pt": "pt",
    "zh": "cmn",
    "zh-hk": "yue",
    "iw": "he",
}
_KNOWN = frozenset(
    re.findall(
        r"\S+",
        "af am an ar as az be bg bn bs ca cmn cs cy da de el en en-us eo es es-419 et eu fa fi fr fr-be fr-ch ga "
        "gd gu he hi hr hu hy id is it ka kk kn ko ku ky la lb lt lv mk ml mr ms mt my nb ne nl or pa pl pt-br pt "
        "ro ru si sk sl sq sr sv sw ta te th tk tr tt uk ur uz vi yue",
    )
)

#: The usual language of a script, where the letters alone say enough. Han is decided beside kana.
_SCRIPT_LANGUAGES = {
    "ARABIC": "ar",
    "HEBREW": "he",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "THAI": "th",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
}
#: Languages by the script that they are written in, for the check that a voice can read a letter.
_LANGUAGE_SCRIPTS = {
    "ar": "ARABIC", "fa": "ARABIC", "ur": "ARABIC", "he": "HEBREW", "ru": "CYRILLIC", "uk": "CYRILLIC",
    "bg": "CYRILLIC", "mk": "CYRILLIC", "sr": "CYRILLIC", "be": "CYRILLIC", "kk": "CYRILLIC", "ky": "CYRILLIC",
    "tt": "CYRILLIC", "el": "GREEK", "hi": "DEVANAGARI", "mr": "DEVANAGARI", "ne": "DEVANAGARI", "bn": "BENGALI",
    "as": "BENGALI", "ta": "TAMIL", "te": "TELUGU", "ka": "GEORGIAN", "hy": "ARMENIAN", "ko": "HANGUL",
    "ja": "HIRAGANA", "zh": "CJK", "th": "THAI", "gu": "GUJARATI", "pa": "GURMUKHI", "kn": "KANNADA",
    "ml": "MALAYALAM",
}  # fmt: skip


def base(language: str) -> str:
    """The first part of a language tag, lower case: `pt-BR` → `pt`."""
    return language.lower().split("-")[0]


def espeak_voice(language: str) -> str | None:
    """The espeak-ng voice of a language tag, or None where it has none that can be understood."""
    tag = language.lower()
    for candidate in (tag, base(tag)):
        voice = _VOICES.get(candidate, candidate)
        if voice in _KNOWN:
            return voice
    return None


def espeak_voices() -> frozenset[str]:
    """Every espeak-ng voice that a language may be given."""
    return _KNOWN


def script_of(letter: str) -> str:
    """The script of a letter by its Unicode name: LATIN, CYRILLIC, CJK …; empty for what is no letter."""
    if not letter.isalpha():
        return ""
    return re.split(r"[ -]", unicodedata.name(letter, ""), maxsplit=1)[0]


def scripts(text: str) -> Counter[str]:
    """How many letters of each script the text has."""
    return Counter(script for script in map(script_of, text) if script)


def readable_script(language: str) -> str:
    """The script that a language's voice reads beside Latin; LATIN where there is no other."""
    return _LANGUAGE_SCRIPTS.get(base(language), "LATIN")


def language_of(text: str, default: str) -> str:
    """The language by which a text should be read: the default, unless most letters are of a script it does not use."""
    found = scripts(text)
    if not found:
        return default
    if found["HIRAGANA"] + found["KATAKANA"]:
        return "ja" if base(default) != "zh" or found["CJK"] == 0 else default
    script, _ = found.most_common(1)[0]
    if script in (readable_script(default), "LATIN"):
        return default
    if script == "CJK" and base(default) == "ja":
        return default
    return _SCRIPT_LANGUAGES.get(script, default)
