"""The word lists beside this module, read once. Lines that begin with # are remarks."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "words"

DETERMINERS = frozenset(["a", "an", "the", "my", "your", "our", "their", "his", "her", "its", "this", "that", "these",
                         "those", "some", "any", "every", "each", "all", "no", "most", "many", "both"])  # fmt: skip
PREPOSITIONS = frozenset(["about", "above", "across", "after", "against", "along", "among", "around", "as", "at",
                          "before", "behind", "below", "beneath", "beside", "between", "beyond", "by", "despite", "down",
                          "during", "for", "from", "in", "inside", "into", "like", "near", "of", "off", "on", "onto",
                          "out", "outside", "over", "past", "per", "since", "than", "through", "throughout", "to",
                          "toward", "towards", "under", "underneath", "until", "up", "upon", "vs", "via", "with",
                          "within", "without"])  # fmt: skip
PRONOUNS = frozenset(["i", "you", "we", "they", "he", "she", "it", "people", "everyone", "everybody", "someone",
                      "nobody", "there", "one", "this", "that", "these", "those"])  # fmt: skip
RELATIVES = frozenset(["who", "whose", "that", "which", "when", "where", "while", "because", "if", "whom"])
CONJUNCTIONS = frozenset(["and", "or", "but", "so", "yet", "nor"])
BE = frozenset(["is", "are", "was", "were", "am"])
DO = frozenset(["do", "does", "did"])
MODALS = frozenset(["can", "could", "will", "would", "should", "shall", "may", "might", "must"])
HAVE = frozenset(["have", "has", "had"])
NEGATED = {"don't": "do", "doesn't": "does", "didn't": "did", "isn't": "is", "aren't": "are", "wasn't": "was",
           "weren't": "were", "can't": "can", "cannot": "can", "couldn't": "could", "won't": "will",
           "wouldn't": "would", "shouldn't": "should", "haven't": "have", "hasn't": "has"}  # fmt: skip
QUESTION_WORDS = frozenset(["why", "how", "what", "when", "where", "who", "which", "whose", "whom"])
FUNCTION_WORDS = (
    DETERMINERS | PREPOSITIONS | PRONOUNS | RELATIVES | CONJUNCTIONS | BE | DO | MODALS | HAVE | QUESTION_WORDS
    | frozenset(["not", "very", "too", "just", "also", "then", "ever", "really", "me", "us", "them", "him", "be", "been"])
)  # fmt: skip


@lru_cache(maxsize=None)
def words(name: str) -> tuple[str, ...]:
    """The words of one list, as they are written there."""
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=None)
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
