"""Traditional Chinese: how a prompt is known to be written in it, and our own simplified lines in its characters."""

from __future__ import annotations

from typing import Any

from gpu_consumers.script.lexicon import words
from gpu_consumers.voice.languages import base

#: The tag of a script in traditional characters, and the places where Chinese is written so.
TRADITIONAL = "zh-Hant"
_WRITTEN_SO = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")
_FULL = str.maketrans({pair[0]: pair[1] for pair in words("traditional")})


def lines_for(language: str) -> str:
    """The key under which the lines of a language tag stand: `zh-TW` → `zh-Hant`, `pt-BR` → `pt`."""
    return TRADITIONAL if language.lower().startswith(_WRITTEN_SO) else base(language)


def chinese(text: str) -> str:
    """`zh-Hant` where a Chinese text has more characters that only Big5 has than ones that only GB 2312 has; `zh`."""
    letters = [(_has("big5", letter), _has("gb2312", letter)) for letter in text]
    return TRADITIONAL if letters.count((True, False)) > letters.count((False, True)) else "zh"


def in_full(lines: Any) -> Any:
    """Our own simplified lines (texts, lists and mappings of them) in traditional characters."""
    if isinstance(lines, str):
        return lines.translate(_FULL)
    if isinstance(lines, dict):
        return {name: in_full(part) for name, part in lines.items()}
    return [in_full(part) for part in lines]


def _has(charset: str, letter: str) -> bool:
    try:
        letter.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
