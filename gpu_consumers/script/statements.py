"""Statements: where the subject ends and the verb begins."""

from __future__ import annotations

from gpu_consumers.script.english import base_verb, is_plural, singular_verb
from gpu_consumers.script.lexicon import (
    ADVERBS,
    BE,
    DETERMINERS,
    HAVE,
    MODALS,
    NEGATED,
    PREPOSITIONS,
    PRONOUNS,
    RELATIVES,
    known,
)

_ADVERBS = frozenset(["only", "always", "never", "often", "just", "really", "still", "also", "finally", "actually"])
CONTRACTED = frozenset(
    ["you're", "i'm", "we're", "they're", "it's", "he's", "she's", "that's", "there's", "everyone's"]
)
_FURTHEST = 7


def statement(words: list[str]) -> tuple[str, list[str]] | None:
    """(subject, predicate) of a phrase with a finite verb; None where it has none near its start."""
    if words and words[0].lower() in CONTRACTED:
        return words[0], words
    for index in range(1, min(len(words), _FURTHEST + 1)):
        if any(word.lower() in RELATIVES for word in words[:index]):
            return None
        if _is_finite(words, index):
            return " ".join(words[:index]), words[index:]
    return None


def without_adverbs(words: list[str]) -> tuple[str, list[str]] | None:
    """The same of a phrase whose adverbs say nothing here: `dentists never eat` → `dentists`, `eat`."""
    return statement([word for word in words if word.lower() not in ADVERBS])


def _is_finite(words: list[str], index: int) -> bool:
    token, before, subject = words[index].lower(), _before(words, index), " ".join(words[:index])
    if token in BE | MODALS | HAVE | frozenset(NEGATED):
        return True
    if before in DETERMINERS | PREPOSITIONS and before not in PRONOUNS:
        return False
    if token in known("verbs") | {"do"}:
        return before in PRONOUNS or is_plural(subject)
    if singular_verb(token):
        return not is_plural(subject)
    return base_verb(token) is not None


def _before(words: list[str], index: int) -> str:
    """The word before, past adverbs: `we only use`."""
    while index > 1 and words[index - 1].lower() in _ADVERBS:
        index -= 1
    return words[index - 1].lower()
