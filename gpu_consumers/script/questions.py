"""Questions taken apart: what is asked about, and the same question as a clause (`why ice floats`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from gpu_consumers.script import clauses
from gpu_consumers.script.english import past, third
from gpu_consumers.script.lexicon import (
    ADVERBS,
    AUXILIARIES,
    BE,
    CONJUNCTIONS,
    DETERMINERS,
    DO,
    HAVE,
    NEGATED,
    PARTICIPLES,
    PREPOSITIONS,
    PRONOUNS,
    QUESTION_WORDS,
    known,
)
from gpu_consumers.script.statements import statement

_CHAINING = frozenset(["help", "make", "let", "go", "need", "dare", "get"])
_PREDICATES = frozenset("not so always never called made a an the still really just my your".split())


@dataclass(frozen=True)
class Question:
    """A question in lower case without its mark. `clause` is None where the grammar is not certain."""

    text: str
    word: str  #: why, how, what …; `whether` for one that wants yes or no
    about: str  #: the noun phrase it is about; may be empty
    clause: str | None
    verb: str | None = None  #: what the subject does, without auxiliary and adverb
    direct: bool = True  #: whether it was put as a question: `why cats purr` was not


def parse(text: str) -> Question | None:
    """A question in `inner` case, or None where it is none."""
    tokens = _first_question(text.rstrip("?. ").split())
    if tokens[:1] and tokens[0] in ("what's", "who's", "where's", "how's", "why's", "when's"):
        tokens = [tokens[0][:-2], "is", *tokens[1:]]
    if len(tokens) < 2:
        return None
    if tokens[0].lower() in AUXILIARIES and not _forbids(tokens):
        return _asked(tokens, 0, "whether") if len(tokens) > 2 else None
    if tokens[0].lower() not in QUESTION_WORDS:
        return None
    place = next((i for i, token in enumerate(tokens[1:6], 1) if token.lower() in AUXILIARIES), None)
    if place is None or (place > 1 and tokens[0].lower() not in ("how", "what", "which", "whose")):
        return _plain(tokens)
    if place > 1 and clauses.stands_before(tokens, place):
        return _plain(tokens)
    if tokens[0].lower() in ("how", "what", "which") and any(t.lower() in known("verbs") for t in tokens[1:place]):
        return _plain(tokens)
    return _asked(tokens, place, " ".join(tokens[:place]))


def _plain(tokens: list[str]) -> Question:
    """`what happens when it rains`, `why cats purr`: already in the order of a clause."""
    text, word = " ".join(tokens), tokens[0].lower()
    if word == "what" and tokens[1].lower() == "happens" and (about := clauses.supposed(tokens[2:])):
        return Question(text, word, about, text)
    told = statement(tokens[1:]) if clauses.states(word, tokens[1].lower()) else None
    if told:
        asked, verb = clauses.turned(*told)
        return Question(f"{tokens[0]} {asked}", word, told[0], text, verb, direct=False)
    rest = tokens[2:] if word in ("who", "what") else tokens[1:]
    while rest and (rest[0].lower() in PREPOSITIONS | {"when", "if", "that", "happens", "it"}):
        rest = rest[1:]
    return Question(text, word, _until_verb(rest), text)


def _until_verb(tokens: list[str]) -> str:
    stop = next((i for i, t in enumerate(tokens) if i and (t in clauses.WHEN or _is_verb_like(t.lower()))), len(tokens))
    return " ".join(tokens[:stop])


def _is_verb_like(token: str) -> bool:
    return token in AUXILIARIES or token in known("verbs") or (token.endswith("s") and token[:-1] in known("verbs"))


def _asked(tokens: list[str], place: int, word: str) -> Question:
    auxiliary, rest = tokens[place].lower(), tokens[place + 1 :]
    text = " ".join(tokens)
    if word in ("what", "who") and auxiliary in BE and rest and rest[0].lower() in known("adjectives"):
        # `what is so special about tea`: it is the subject itself, and the order that of a clause.
        link = next((i for i, t in enumerate(rest) if t.lower() in ("about", "with", "in", "of", "for")), len(rest) - 1)
        return Question(text, "what", " ".join(rest[link + 1 :]), text)
    if word in ("what", "who") and auxiliary in BE and not _has_verb_ending(rest):
        about = " ".join(rest)
        clause = f"{word} {about} {auxiliary}" if 0 < len(rest) <= 4 else None
        return Question(text, word, _stop_at_conjunction(about), clause)
    if word == "what" and rest[:1] == ["happen"] and (supposed := clauses.supposed(rest[1:])):
        return Question(text, word, supposed, text)
    parts = None if _measured(word, auxiliary, rest) else subject(rest, auxiliary)
    if parts is None:
        plain = auxiliary in BE and 0 < len(rest) <= 4 and (" " in word or word in ("where", "when"))
        clause = f"{word} {' '.join(rest)} {auxiliary}" if plain else None
        return Question(text, word.split()[0], _guess(rest), clause)
    about, predicate = parts
    clause = f"{word} {_declared(about, auxiliary, predicate)}"
    does = predicate[_verb_place(predicate) or 0 :]
    return Question(text, word.split()[0], about, clause, " ".join(does) or None)


def _measured(word: str, auxiliary: str, rest: list[str]) -> bool:
    """`how heavy is a black hole`: what follows is the subject and nothing else."""
    whole = not any(token.lower() in PREPOSITIONS | PRONOUNS for token in rest)
    return auxiliary in BE and re.match(r"how (?!many\b)\w", word) is not None and len(rest) <= 4 and whole


def _has_verb_ending(rest: list[str]) -> bool:
    """`what is the cat doing`; not `the best programming language`."""
    doing = any(
        token.lower().endswith("ing") and before.lower() not in DETERMINERS | known("adjectives") | {"best", "worst"}
        for before, token in pairwise(rest)
    )
    return doing or rest[-1:] in (["for"], ["like"])


def _verb_place(predicate: list[str]) -> int | None:
    return next((i for i, token in enumerate(predicate) if token.lower() not in ADVERBS), None)


def _declared(about: str, auxiliary: str, predicate: list[str]) -> str:
    place = _verb_place(predicate)
    if auxiliary not in DO or place is None:
        return " ".join([about, auxiliary, *predicate] if predicate else [about])
    if "not" in predicate[:place]:  # `why does the sun not fall`: the auxiliary stays
        return " ".join([about, auxiliary, *predicate])
    verb = predicate[place]
    inflected = third(verb) if auxiliary == "does" else past(verb) if auxiliary == "did" else verb
    return " ".join([about, *predicate[:place], inflected, *predicate[place + 1 :]])


def subject(tokens: list[str], auxiliary: str) -> tuple[str, list[str]] | None:
    """(subject, predicate) of what follows an auxiliary; None where the border cannot be told."""
    if len(tokens) < 2:
        return None
    if tokens[0].lower() in PRONOUNS and tokens[0].lower() not in ("this", "that", "these", "those", "one"):
        return tokens[0], tokens[1:]
    base = NEGATED.get(auxiliary, auxiliary)
    border = _predicate_border(tokens) if base in BE | HAVE else _verb_border(tokens)
    return None if border is None else (" ".join(tokens[:border]), tokens[border:])


def _verb_border(tokens: list[str]) -> int | None:
    verbs = known("verbs")
    first = 2 if tokens[0].lower() in DETERMINERS else 1
    told = next((i for i in range(first, len(tokens) - 1) if tokens[i].lower() in ADVERBS), None)
    if told is not None:
        return told
    for index in range(first, len(tokens)):
        if tokens[index].lower() in verbs and tokens[index - 1].lower() not in DETERMINERS | PREPOSITIONS:
            following = tokens[index + 1].lower() if index + 1 < len(tokens) else ""
            return index + 1 if following in verbs - {"like"} and tokens[index].lower() not in _CHAINING else index
    # `humans land on Mars`: what stands before the place is done there, known as a verb or not.
    where = next((i for i in range(first, len(tokens)) if tokens[i].lower() in PREPOSITIONS - {"of"}), 0)
    if first < where < len(tokens) - 1 and where - 1 < 3:
        return where - 1
    last = len(tokens) - 1
    plain = first <= last <= 3 and tokens[last].lower() not in PREPOSITIONS | known("adjectives")
    return last if plain else None


def _predicate_border(tokens: list[str]) -> int | None:
    determined = tokens[0].lower() in DETERMINERS
    index = 2 if determined else 1
    while index < len(tokens):
        word = tokens[index].lower()
        if word in ("of", "and") and index + 1 < len(tokens):
            index += 3 if tokens[index + 1].lower() in DETERMINERS else 2
            continue
        if word in PREPOSITIONS and (later := _judged_as(tokens, index)):
            return later
        if _begins_predicate(word) and (index + 1 == len(tokens) or not _is_noun_next(word, tokens, index)):
            return index
        index += 1
    return len(tokens) - 1 if len(tokens) == (3 if determined else 2) else None


def _judged_as(tokens: list[str], index: int) -> int | None:
    """`pineapple on pizza | a crime`: what begins with an article after the place is said of the whole."""
    return next(
        (i for i in range(index + 2, len(tokens)) if tokens[i] in ("a", "an") and tokens[i - 1] not in PREPOSITIONS),
        None,
    )


def _is_noun_next(word: str, tokens: list[str], index: int) -> bool:
    """`the red planet red`: an adjective right before the last-but-one word still belongs to the subject."""
    return word in known("adjectives") and index < 2 and len(tokens) > index + 2 and tokens[0].lower() in DETERMINERS


def _begins_predicate(word: str) -> bool:
    known_adjective = word in known("adjectives") or word in _PREDICATES or word in PREPOSITIONS
    return known_adjective or word.endswith(("ing", "ed", "ly")) or word in PARTICIPLES


def _guess(rest: list[str]) -> str:
    """The likely subject where the border is unclear: up to the first word that cannot belong to it."""
    stop = next(
        (i for i, t in enumerate(rest) if i and (t.lower() in PREPOSITIONS or _is_verb_like(t.lower()))), len(rest)
    )
    return " ".join(rest[: min(stop, 4)])


def _forbids(tokens: list[str]) -> bool:
    """`don't skip leg day` is no question."""
    return tokens[0].lower() in ("don't", "do") and tokens[1].lower() in known("verbs") | {"not"}


def _first_question(tokens: list[str]) -> list[str]:
    """Of `why is it so, and how to change it` the first part."""
    stop = next(
        (i for i in range(3, len(tokens) - 1) if tokens[i] in ("and", "or") and tokens[i + 1] in QUESTION_WORDS), None
    )
    return [*tokens[: stop - 1], tokens[stop - 1].rstrip(",")] if stop else tokens


def _stop_at_conjunction(about: str) -> str:
    tokens = about.split()
    stop = next(
        (
            i
            for i, t in enumerate(tokens)
            if i and t in CONJUNCTIONS and tokens[i + 1 : i + 2] and tokens[i + 1] in QUESTION_WORDS
        ),
        len(tokens),
    )
    return " ".join(tokens[:stop]).rstrip(",")
