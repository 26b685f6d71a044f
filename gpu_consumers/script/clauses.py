"""Clauses that stand where a question would: `how cheese is made`, `what happens if the moon disappears`."""

from __future__ import annotations

from gpu_consumers.script.english import base_verb, singular_verb
from gpu_consumers.script.lexicon import ADVERBS, AUXILIARIES, PARTICIPLES, known
from gpu_consumers.script.statements import statement

#: What follows `how` where something is measured.
_MEASURES = frozenset("many much few little long far fast well soon".split())
_ARTICLES = frozenset("a an the my your our their this these those".split())
WHEN = frozenset(["if", "when", "after", "once"])


def stands_before(tokens: list[str], place: int) -> bool:
    """`how cheese is made`: the subject before its auxiliary, and no measure as in `how many cars are made`."""
    first, after = tokens[1].lower(), "".join(tokens[place + 1 : place + 2]).lower()
    if tokens[0].lower() != "how" or first in _MEASURES | ADVERBS | known("adjectives"):
        return False
    return first in _ARTICLES or after in PARTICIPLES or after.endswith("ed")


def states(word: str, following: str) -> bool:
    """Whether a subject may follow: neither a measure nor `how come`."""
    return word in ("how", "why", "where", "when") and following not in _MEASURES | {"come"}


def turned(about: str, predicate: list[str]) -> tuple[str, str]:
    """`cats`, `purr` → `do cats purr`, and what they do; `cheese`, `is made` → `is cheese made`."""
    first, rest = predicate[0].lower(), predicate[1:]
    if first in AUXILIARIES:
        return " ".join([first, about, *rest]), " ".join(rest)
    if singular := singular_verb(first):
        return " ".join(["does", about, singular, *rest]), " ".join([singular, *rest])
    verb = first if first in known("verbs") else base_verb(first) or first
    return " ".join(["do" if verb == first else "did", about, verb, *rest]), " ".join([verb, *rest])


def supposed(tokens: list[str]) -> str | None:
    """What is thought to change: `if the moon disappeared` → the moon."""
    told = statement(tokens[1:]) if tokens and tokens[0].lower() in WHEN else None
    about = told[0].split() if told else []
    while len(about) > 1 and about[-1].lower() in ADVERBS:
        about.pop()
    return " ".join(about) or None
