"""Prompts as people type them, made fit to be spoken: no Markdown, no emoji, no addresses longer than their host."""

from __future__ import annotations

import re
import unicodedata

_FENCE = re.compile(r"```.*?(```|$)", re.DOTALL)
_IMAGE_OR_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_HTML = re.compile(r"</?[a-zA-Z][^>]{0,200}>")
_LINE_MARKS = re.compile(r"^\s{0,3}(?:#{1,6}\s+|>\s*|[-*+•]\s+|\d{1,2}[.)]\s+)", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
_URL = re.compile(r"\b(?:https?://|www\.)(?:www\.)?([^\s/?#]+)\S*", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
_HASHTAG = re.compile(r"#(\w+)")
_CAMEL = re.compile(r"(?<=[a-zß-ÿ0-9])(?=[A-ZÀ-Þ])")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "\u00a0": " "})
_BOUNDARY = re.compile(r"(?<=[.!?…])[\"')\]]*\s+(?=[\"'(\[]*\S)|(?<=[。！？؟।])\s*")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|No|approx|z\.B|bzw|ca)|\b[A-Z])\.$")
#: Marks of programs and markup, which nobody says: arrows, brackets, pipes, a slash that stands alone.
_NOTATION = re.compile(r"[=-]+>|[{}\[\]|<>\\^~`]|(?<!\S)/+(?!\S)")
_TRAILING_TAGS = re.compile(r"(?:\s*#\w+)+\s*$")


def clean(text: str) -> str:
    """One line of plain text; empty where nothing can be read."""
    plain = _plain(text)
    spoken = [sentence for sentence in sentences(plain) if any(character.isalnum() for character in sentence)]
    kept = [sentence for sentence in spoken if not _HOST.fullmatch(sentence.rstrip("."))]
    return " ".join(kept or spoken)


def _plain(text: str) -> str:
    text = _FENCE.sub(" ", unicodedata.normalize("NFC", text).translate(_QUOTES))
    text = _LINE_MARKS.sub("", _HTML.sub(" ", _IMAGE_OR_LINK.sub(r"\1", text)))
    text = _ended_lines(_URL.sub(r"\1", text))
    text = _hashtags(_EMPHASIS.sub("", text))
    text = _NOTATION.sub(" ", "".join(_kept(character) for character in text))
    return _tidy(re.sub(r"\s+", " ", text))


def sentences(text: str) -> list[str]:
    """The sentences of cleaned text, each with its own end mark if it had one."""
    found: list[str] = []
    for part in _BOUNDARY.split(text):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] += f" {part}"
        elif part and part.strip():
            found.append(part.strip())
    return found


def _ended_lines(text: str) -> str:
    """Lines are sentences of their own where there are several: list items lose their marks, not their ends."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return " ".join(lines)
    return " ".join(line if line[-1] in ".!?…:;,。！？" else f"{line}." for line in lines)


def _hashtags(text: str) -> str:
    """Hashtags at the end are labels and go; those within a sentence are words of it."""
    without = _TRAILING_TAGS.sub("", text)
    kept = without if any(character.isalnum() for character in without) else text
    return _HASHTAG.sub(lambda match: _CAMEL.sub(" ", match[1]).replace("_", " "), kept)


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Cs", "Co", "Cn", "Cc", "So", "Sk", "Mn") and not _joins(character, category):
        return " " if category in ("Cc", "So") else ""
    return {"–": "-", "—": " - ", "…": "...", "\u2028": " "}.get(character, character)


def _joins(character: str, category: str) -> bool:
    """Marks that belong to letters stay; those that only dress emoji go."""
    if category == "Mn":
        return not "\ufe00" <= character <= "\ufe0f" and character != "\u20e3"
    return character == "°"


def _tidy(text: str) -> str:
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r"([!?])[!?]+", r"\1", text)
    text = re.sub(r"\.{4,}", "...", text)
    return text.strip(" -*_~|<>\\^")


_DRESSING = frozenset(
    ["face", "sign", "symbol", "black", "white", "heavy", "with", "emoji", "slice", "modifier", "selector", "joiner"]
)


def picture_words(text: str) -> str:
    """What emoji show, by their Unicode names, for prompts that have nothing else: `cat`, `tears of joy`."""
    names = [unicodedata.name(character, "").lower() for character in text if unicodedata.category(character) == "So"]
    plain = [" ".join(word for word in name.split() if word not in _DRESSING and "-" not in word) for name in names]
    return " and ".join(list(dict.fromkeys(filter(None, (name.removeprefix("of ") for name in plain))))[:2])
