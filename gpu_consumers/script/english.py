"""Enough English morphology to put other people's words into sentences: plurals, verb forms, articles."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from gpu_consumers.script.lexicon import PREPOSITIONS, RELATIVES, known


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.strip().split(":") for pair in text.split(","))


_IRREGULAR = yaml.safe_load((Path(__file__).parent / "words" / "irregular.yaml").read_text("utf-8"))
_PLURALS, _PAST = _pairs(_IRREGULAR["plurals"]), _pairs(_IRREGULAR["past"])
_PLURAL_FORMS = frozenset(_PLURALS.values()) | {"people", "police", "cattle", "data", "media"}
_SINGULAR_S = frozenset(_IRREGULAR["singular_s"].split())
_DOUBLING = re.compile(r"^[^aeiou]*[aeiou][bdgklmnprt]$")
_VOWEL_SOUND = re.compile(r"^(?:[aeiou]|hour|honest|honou?r|heir)", re.IGNORECASE)
_CONSONANT_SOUND = re.compile(
    r"^(?:uni(?!n)|use|usu|ut[aei]|eu|one\b|once|ufo|ubiq|uk\b|us\b|usb|uv\b|u\b)", re.IGNORECASE
)


def plural(noun: str) -> str:
    """`volcano` → `volcanoes`. Only for regular words and those of the list."""
    if noun in _PLURALS:
        return _PLURALS[noun]
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return re.sub(r"([^aeiou])y$", r"\1ie", noun) + "s"


def head(phrase: str) -> tuple[int, str]:
    """(index, word) of the noun that rules a noun phrase: the last before a preposition or a relative clause."""
    words = phrase.split()
    stop = next((i for i, w in enumerate(words) if i and w.lower() in PREPOSITIONS | RELATIVES), len(words))
    return stop - 1, words[stop - 1]


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase takes `are`."""
    words = phrase.lower().split()
    if len(words) > 2 and "and" in words[1:-1] and words[0] != "the":
        return True
    noun = head(phrase)[1].lower()
    if words[0] in ("a", "an", "this", "that", "every", "each") or noun in _SINGULAR_S:
        return False
    return noun in _PLURAL_FORMS or bool(re.search(r"[^su'i]s$|[^s]ies$", noun))


def third(verb: str) -> str:
    """`float` → `floats`."""
    if verb in ("have", "be"):
        return {"have": "has", "be": "is"}[verb]
    if re.search(r"(s|x|z|ch|sh|o)$", verb):
        return verb + "es"
    return re.sub(r"([^aeiou])y$", r"\1ie", verb) + "s"


def past(verb: str) -> str:
    """`fall` → `fell`."""
    if verb in _PAST:
        return _PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    if _DOUBLING.match(verb):
        return verb + verb[-1] + "ed"
    return re.sub(r"([^aeiou])y$", r"\1i", verb) + "ed"


def gerund(verb: str) -> str:
    """`make` → `making`."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")) and verb != "be":
        return verb[:-1] + "ing"
    doubled = _DOUBLING.match(verb) or verb in ("begin", "admit", "commit", "forget", "control", "quit", "regret")
    return verb + (verb[-1] if doubled and not verb.endswith(("x", "w", "y")) else "") + "ing"


def singular_verb(word: str) -> str | None:
    """The base form of `floats`, `has`, `goes`; None where it is none of a known verb."""
    if word == "has":
        return "have"
    for ending, replacement in (("ies", "y"), ("es", ""), ("s", "")):
        base = word[: -len(ending)] + replacement
        if word.endswith(ending) and base in known("verbs") and base != "be":
            return base
    return None


def base_verb(word: str) -> str | None:
    """The base form of a verb in the past or the present; None where it is none that is known."""
    token = word.lower()
    if token in known("verbs"):
        return token
    irregular = next((base for base, form in _PAST.items() if form == token), None)
    regular = next((token[:-cut] for cut in (1, 2, 3) if token.endswith("ed") and token[:-cut] in known("verbs")), None)
    return irregular or regular


def article(word: str) -> str:
    """`a` or `an`, by the sound of what follows."""
    if word.isupper() and len(word) > 1:  # initials are spelled: an MRI, a GPU; NASA is said as a word
        return "an" if word[0] in "AEFHILMNORSX" and word not in ("NASA", "RAM", "ROM", "LED") else "a"
    return "an" if _VOWEL_SOUND.match(word) and not _CONSONANT_SOUND.match(word) else "a"


def mend_articles(text: str) -> str:
    """`a owl` → `an owl`, `an ship` → `a ship`."""
    return re.sub(r"\b([Aa])n? (?=([\w'-]+))", lambda m: f"{_cased(article(m[2]), m[1])} ", text)


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like.isupper() else word


def sentence_case(text: str) -> str:
    """The first letter, past any quotation mark, in upper case."""
    return re.sub(r"^([\"'“‘(]*)([a-zà-ÿ])(?![A-Z])", lambda m: m[1] + m[2].upper(), text)
