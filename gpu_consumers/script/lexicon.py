"""The word lists beside this module, read once. Lines that begin with # are remarks."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent / "words"

_SMALL: dict[str, str] = yaml.safe_load((_FOLDER / "small.yaml").read_text("utf-8"))


def _small(name: str) -> frozenset[str]:
    return frozenset(_SMALL[name].split())


DETERMINERS = _small("determiners")
PREPOSITIONS = _small("prepositions")
PRONOUNS = _small("pronouns")
RELATIVES = _small("relatives")
CONJUNCTIONS = _small("conjunctions")
MODALS = _small("modals")
QUESTION_WORDS = _small("question_words")
BE = frozenset(["is", "are", "was", "were", "am"])
DO = frozenset(["do", "does", "did"])
HAVE = frozenset(["have", "has", "had"])
#: Auxiliaries by their negated forms: `don't` → `do`.
NEGATED = dict(pair.split(":") for pair in _SMALL["negated"].split())
AUXILIARIES = BE | DO | HAVE | MODALS | frozenset(NEGATED)
PARTICIPLES = _small("participles")
#: They stand before the verb, and so end the subject.
ADVERBS = _small("adverbs")
#: Small words that turn what is said into its opposite.
NEGATIONS = frozenset(NEGATED) | {"not", "never", "no", "without"}
FUNCTION_WORDS = frozenset().union(
    DETERMINERS, PREPOSITIONS, PRONOUNS, RELATIVES, CONJUNCTIONS, MODALS, QUESTION_WORDS, BE, DO, HAVE, _small("others")
)


@cache
def words(name: str) -> tuple[str, ...]:
    """The words of one list, as they are written there."""
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def known(name: str) -> frozenset[str]:
    """The words of one list, lower case."""
    return frozenset(word.lower() for word in words(name))


@lru_cache(maxsize=1)
def proper_names() -> dict[str, str]:
    """Right spelling by lower-case word."""
    return {word.lower(): word for word in words("proper")}


def is_common(word: str) -> bool:
    """Whether a lower-case word is an ordinary one of the lists, not a name."""
    return word in FUNCTION_WORDS or any(word in known(name) for name in ("verbs", "adjectives", "countable"))
