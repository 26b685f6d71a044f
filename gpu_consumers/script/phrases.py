"""Phrases as they stand in the middle of a sentence: names keep their capitals, everything else is lower case."""

from __future__ import annotations

import re
from collections import Counter

from gpu_consumers.script.english import base_verb, head, is_plural, plural, singular_verb
from gpu_consumers.script.lexicon import (
    DETERMINERS,
    FUNCTION_WORDS,
    PREPOSITIONS,
    RELATIVES,
    is_common,
    known,
    proper_names,
)

_TURNED = {"i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are", "i'm": "you're",
           "i've": "you've", "i'll": "you'll", "i'd": "you'd", "we": "we", "our": "our"}  # fmt: skip
_MASS_ENDINGS = re.compile(r"(tion|sion|ness|ity|ism|ing|ment|ence|ance|ology|graphy|ics|hood|ship|age|ure|cy|dom)$")


#: Words that begin an addition which the second mention leaves out: `in 30 days`, `at home`.
_LOOSE = PREPOSITIONS - {"of", "between", "about", "to", "on", "like", "with", "as"}
#: How often a text names what it is about.
_OFTEN = 2
_ADJUNCTS = frozenset(["in", "within", "at", "before", "after", "without", "during", "every"])


def inner(phrase: str, whole: str | None = None) -> str:
    """The phrase as it reads inside a sentence: `Why Rome Fell` → `why Rome fell`. Of a phrase that is a part of a
    `whole` the first word has its capital for itself: `Hamlet` of `a summary of Hamlet`."""
    whole = whole or phrase
    tokens, titled = phrase.split(), _is_title(whole.split())
    shouted = whole.isupper() and " " in whole
    begins = whole.startswith(phrase)
    return " ".join(_cased(tokens, index, titled, shouted, begins) for index in range(len(tokens)))


def _is_title(tokens: list[str]) -> bool:
    long = [token for token in tokens if len(token) > 3 and token[0].isalpha()]
    if not tokens or not tokens[0][0].isupper():
        return False
    return len(long) > 1 and all(t[0].isupper() for t in long) and any(is_common(t.lower()) for t in long)


def _cased(tokens: list[str], index: int, titled: bool, shouted: bool, begins: bool) -> str:
    token = tokens[index]
    core = re.sub(r"\W", "", token.partition("'")[0])
    name = proper_names().get(core.lower())
    if name and core.lower() not in FUNCTION_WORDS:
        return token.replace(core, name, 1)
    if any(character.isupper() for character in core[1:]) and not core.isupper():
        return token  # ChatGPT, iOS
    if token in ("I", "I'm", "I'd", "I've", "I'll"):
        return token
    if core.isupper() and len(core) > 1 and not shouted:
        return token
    keeps = _starts_name(tokens) if index == 0 and begins else not titled and not shouted
    return token if keeps and not core.islower() and core.lower() not in FUNCTION_WORDS else token.lower()


def _starts_name(tokens: list[str]) -> bool:
    """Two capitals in a row at the start are a name, unless the first is an ordinary word."""
    return len(tokens) > 1 and tokens[1][:1].isupper() and not is_common(tokens[0].lower()) and not _is_title(tokens)


def turned(phrase: str) -> str:
    """The phrase said back to the one who said it: `why I procrastinate` → `why you procrastinate`."""
    return " ".join(_TURNED.get(token.lower(), token) for token in phrase.split())


def noun_phrase(phrase: str) -> str:
    """A phrase in `inner` case, fit to stand after `about`: a bare countable becomes plural (`cat` → `cats`)."""
    words = turned(phrase.strip(" .,;:!?\"'")).split()
    if not words:
        return ""
    index, noun = head(" ".join(words))
    bare = words[0].lower() not in DETERMINERS and not is_plural(" ".join(words)) and not words[0].endswith("'s")
    bare = bare and words[index - 1].lower() not in DETERMINERS
    if bare and noun in known("countable") and not any(w[:1].isupper() for w in words[:index]):
        words[index] = plural(noun)
    return " ".join(words)


def short(phrase: str) -> str:
    """How the same thing is named the second time: `a dragon who fears fire` → `the dragon`."""
    words = phrase.split()
    if words[0].lower().endswith("ing") and len(words) > 3:
        stop = next((i for i, w in enumerate(words) if i > 1 and w.lower() in _ADJUNCTS), len(words))
        return " ".join(words[:stop])
    stop = next((i for i, w in enumerate(words) if i and w.lower() in _LOOSE | RELATIVES), len(words))
    core = words[:stop]
    named = " ".join(["the", *core[1:]]) if core[0].lower() in ("a", "an") else " ".join(core)
    return named.rstrip(",;:")


def interest(phrase: str) -> str:
    """The key by which interests are kept: lower case, without article, at most five words."""
    words = re.sub(r"^(?:a )?day in the life of ", "", re.sub(r"[^\w\s'+#&.%-]", "", phrase.lower())).split()
    stop = next((i for i, word in enumerate(words) if i and word in RELATIVES), len(words))
    words = words[:stop]
    while len(words) > 1 and words[0] in DETERMINERS:
        words.pop(0)
    words = words[:5]
    while len(words) > 1 and words[-1] in PREPOSITIONS | DETERMINERS | RELATIVES | {"and", "or"}:
        words.pop()
    return " ".join(words)[:120].strip(" .'-") or "something"


def keywords(text: str, most: int) -> list[str]:
    """The content words of a text, in order."""
    found = [word.strip(".,;:!?\"'()") for word in text.split()]
    return [word for word in found if word and word.lower() not in FUNCTION_WORDS][:most]


def theme(text: str) -> str:
    """What a text comes back to: the thing that it names most often, at least twice; empty where there is none."""
    words = [word.lower() for word in keywords(text, 999)]
    things = Counter(word for word in words if not word.endswith("ly") and not _says_how(word))
    word, times = next(iter(things.most_common(1)), ("", 0))
    if times < _OFTEN:
        return ""
    return f"the {word}" if word in known("countable") else proper_names().get(word, word)


def _says_how(word: str) -> bool:
    """Whether it is a verb or an adjective, as far as the lists know."""
    return word in known("adjectives") or base_verb(word) is not None or singular_verb(word) is not None
