"""What is said for each written word: symbols become words or fall silent, and the caption stays as it was written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from gpu_consumers.voice.languages import base, readable_script, script_of

#: Symbols that people say, by language; what is missing here is silent.
_SAID = {
    "en": {"&": "and", "+": "plus", "=": "equals", "@": "at", "%": "percent", "°": "degrees", "×": "times", "→": "to"},
    "de": {"&": "und", "+": "plus", "=": "gleich", "@": "at", "%": "Prozent", "°": "Grad", "×": "mal", "→": "zu"},
    "fr": {"&": "et", "+": "plus", "=": "égale", "@": "arobase", "%": "pour cent", "°": "degrés", "×": "fois"},
    "es": {"&": "y", "+": "más", "=": "igual a", "@": "arroba", "%": "por ciento", "°": "grados", "×": "por"},
    "it": {"&": "e", "+": "più", "=": "uguale", "@": "chiocciola", "%": "per cento", "°": "gradi", "×": "per"},
    "pt": {"&": "e", "+": "mais", "=": "igual a", "@": "arroba", "%": "por cento", "°": "graus", "×": "vezes"},
    "nl": {"&": "en", "+": "plus", "=": "is", "@": "at", "%": "procent", "°": "graden", "×": "keer"},
}
_DOT = {"en": "dot", "de": "Punkt", "fr": "point", "es": "punto", "it": "punto", "pt": "ponto", "nl": "punt"}
_MONEY = {
    "en": {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen"},
    "de": {"$": "Dollar", "€": "Euro", "£": "Pfund", "¥": "Yen"},
    "fr": {"$": "dollars", "€": "euros", "£": "livres", "¥": "yens"},
    "es": {"$": "dólares", "€": "euros", "£": "libras", "¥": "yenes"},
}
#: English abbreviations that espeak-ng would read as words.
_SPELLED = {"POV": "P O V", "DIY": "D I Y", "AI": "A I", "FAQ": "F A Q", "TL;DR": "T L D R", "IQ": "I Q", "UI": "U I"}
_URL = re.compile(
    r"^(?:https?://|www\.)[^\s]+|^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|dev|de|fr|es|uk|tv|ai)(?:/\S*)?$",
    re.IGNORECASE,
)
_MAIL = re.compile(r"^[\w.+-]+@[\w-]+\.[\w.-]+$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MONEY_FIRST = re.compile(r"^([$€£¥])(\d[\d.,]*)([kKmMbB]?)")
_SCALES = {"k": " thousand", "m": " million", "b": " billion", "": ""}
_ENDS = ".,;:!?…。、，！？؟،؛"
_PAUSES = {
    "…": "...",
    "。": ".",
    "、": ",",
    "，": ",",
    "！": "!",
    "？": "?",
    "–": ",",
    "—": ",",
    "-": ",",
    "：": ":",
    "；": ";",
}


@dataclass(frozen=True)
class Spoken:
    """What is said for a text. `spans` holds, for each written word, its (start, end) in `text`; empty: not said."""

    words: tuple[str, ...]
    text: str
    spans: tuple[tuple[int, int], ...]


def prepare(text: str, language: str) -> Spoken:
    """The written words (split at white space) and the text that a voice of this language should be given."""
    words = tuple(text.split())
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    position = 0
    for word in words:
        said = say(word, language)
        parts.append(said)
        spans.append((position, position + len(said)))
        position += len(said) + 1
    return Spoken(words, " ".join(parts), tuple(spans))


@lru_cache(maxsize=8192)
def say(word: str, language: str) -> str:
    """What is said for one written word; empty, or only a pause mark, where nothing can be said."""
    word = unicodedata.normalize("NFKC", word).strip('*_~`"“”„«»()[]{}<>|#^\\')
    core = word.rstrip(_ENDS + "\"”»)]}*_~`'’")
    end = "".join(_PAUSES.get(mark, mark) for mark in word[len(core) :] if mark in _ENDS)[:3]
    if not core:
        return end
    if core in "–—-":
        return ","
    return f"{_core(core, base(language), language)}{end}"


def _core(core: str, key: str, language: str) -> str:
    if _URL.match(core):
        return _address(core, key)
    if _MAIL.match(core):
        return " ".join(part if part != "@" else _SAID.get(key, {}).get("@", "") for part in _dotted(core, key))
    if key == "en" and core in _SPELLED:
        return _SPELLED[core]
    return _letters(_numbers(core.lstrip("@"), key), key, language)


def _address(core: str, key: str) -> str:
    host = re.sub(r"^(https?://)?(www\.)?", "", core, flags=re.IGNORECASE).split("/")[0].split("?")[0]
    return " ".join(_dotted(host, key))


def _dotted(core: str, key: str) -> list[str]:
    dot = _DOT.get(key, "")
    return [dot if part == "." else part for part in re.split(r"([.@])", core) if part]


def _numbers(core: str, key: str) -> str:
    """Money in the order in which it is said; no marks between thousands."""
    money = _MONEY_FIRST.match(core)
    if money and key in _MONEY:
        scale = _SCALES[money[3].lower()] if key == "en" else money[3]
        core = f"{money[2]}{scale} {_MONEY[key][money[1]]}{core[money.end() :]}"
    thousands = (
        r"(?<=\d),(?=\d{3}(?!\d))" if key in ("en", "zh", "ja", "ko", "he", "hi") else r"(?<=\d)[.](?=\d{3}(?!\d))"
    )
    return re.sub(thousands, "", core)


def _letters(core: str, key: str, language: str) -> str:
    core = _CAMEL.sub(" ", core) if core[:1].isupper() and core.isalnum() and not core.isupper() else core
    script = readable_script(language)
    out = "".join(_said_for(character, key, script) for character in core)
    return " ".join(out.split())


def _said_for(character: str, key: str, script: str) -> str:
    if character.isalpha() and not _readable(script_of(character), script):
        return ""
    if unicodedata.category(character)[0] in "LMN" or character in "'’.,:-":
        return character.replace("’", "'")
    if character in _PAUSES:
        return _PAUSES[character] + " "
    said = _SAID.get(key, {}).get(character)
    return f" {said} " if said else " "


def _readable(script: str, wanted: str) -> bool:
    return script in ("LATIN", wanted, "MODIFIER", "FULLWIDTH", "FEMININE", "MASCULINE", "MICRO")


def speakable(said: str) -> bool:
    """Whether anything in it is heard."""
    return any(character.isalnum() for character in said)
