"""Pictograms: the picture that stands for a word, from the emoji of the bundled font."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import yaml

from gpu_consumers.picture.typefaces import EMOJI, coverage

FILE = Path(__file__).with_name("pictograms.yaml")
ABROAD = FILE.with_name("pictograms_abroad.yaml")
#: Here an article or a particle may stand at the word: any part of it counts.
_IN_PARTS = ("ja", "zh", "ar")
#: What may follow a short word, and one of four letters: `sol` is not in `sale` of `sal`, nor `mer` in `merci`.
_ENDINGS = (("", "s", "es", "en"), ("", "s", "e", "n", "en", "es", "er", "em", "st", "t"))
_LETTERS = re.compile(r"[^\w'-]+")
#: Names that are words of another sense, or too plain to be shown.
_PLAIN = frozenset("man woman person boy girl place face heart cross back end on soon top new ok free input".split())


def pictogram(word: str, following: str = "") -> str | None:
    """The emoji for a word, or for it and the one after it; None where nobody would draw one."""
    first, second = _bare(word), _bare(following)
    known = _known()
    return next((known[key] for key in (*_pairs(first, second), *_forms(first)) if key in known), None)


def pictograms(words: Sequence[str], language: str = "en") -> Iterable[tuple[int, str]]:
    """(index of the word, its emoji) for each word that has one. Outside English few words are known."""
    for n, word in enumerate(words):
        if language != "en":
            found = _abroad(word, language)
        else:
            found = pictogram(word, words[n + 1] if n + 1 < len(words) else "")
        if found:
            yield n, found


def _abroad(word: str, language: str) -> str | None:
    """The picture of the part that comes first, and of the longer one of two."""
    bare = _bare(word)
    places = ((_place(bare, key, language), -len(key), emoji) for key, emoji in _of_language().get(language, ()))
    return min((found for found in places if found[0] >= 0), default=(0, 0, None))[2]


def _place(word: str, key: str, language: str) -> int:
    if language in _IN_PARTS:
        return word.find(key)
    return 0 if word.startswith(key) and (len(key) > 4 or word[len(key) :] in _ENDINGS[len(key) > 3]) else -1


@cache
def _of_language() -> dict[str, tuple[tuple[str, str], ...]]:
    read: dict[str, dict[str, str]] = yaml.safe_load(ABROAD.read_text("utf-8"))
    return {
        language: tuple((key, emoji) for emoji, keys in entry.items() for key in keys.split())
        for language, entry in read.items()
    }


def _bare(word: str) -> str:
    bare = _LETTERS.sub("", unicodedata.normalize("NFKC", word)).casefold().strip("'-_")
    return bare.removesuffix("'s")


def _pairs(first: str, second: str) -> Iterable[str]:
    return (f"{first}_{form}" for form in _forms(second)) if second else ()


def _forms(word: str) -> Iterable[str]:
    """A word as it stands, then what it may be the plural of."""
    yield word
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    if len(word) > 4 and word.endswith("es"):
        yield word[:-2]
    if len(word) > 4 and word.endswith("ies"):
        yield f"{word[:-3]}y"


@cache
def weak() -> frozenset[str]:
    """Pictures that are shown only where there is no other: for words that everybody uses all the time."""
    return frozenset(_file()["weak"])


@cache
def _known() -> dict[str, str]:
    found = _named()
    for strength in ("weak", "strong"):
        for emoji, words in _file()[strength].items():
            found |= dict.fromkeys(words.split(), emoji)
    return found


@cache
def _file() -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = yaml.safe_load(FILE.read_text("utf-8"))
    return read


def _named() -> dict[str, str]:
    """Characters whose Unicode name is one word, or an animal's with FACE."""
    found: dict[str, str] = {}
    for point in sorted(coverage(EMOJI)):
        name = unicodedata.name(chr(point), "").casefold() if point >= 0x1F300 else ""
        word = name.removesuffix(" face")
        if word and word.isalpha() and len(word) > 2 and word not in _PLAIN:
            found.setdefault(word, chr(point))
    return found
