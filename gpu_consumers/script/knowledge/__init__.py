"""A small stock of settled facts with their sources, for subjects that are asked for often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from gpu_consumers.script.lexicon import FUNCTION_WORDS
from gpu_consumers.script.topic import Topic

#: Kinds of prompts that ask for what there is to know, rather than for one answer, a story or an opinion.
_OPEN = ("topic", "list")
#: Archetypes that facts suit.
_SUITED = ("list", "explainer", "myth-vs-fact", "testimonial")
#: A list of these is a list of facts.
_ITEMS = frozenset(["things", "facts", "truths", "secrets", "surprises", "lessons"])
_FEWEST = 2
#: They change nothing about a question.
_OURS = frozenset(["my", "your", "our", "their", "we", "you", "i", "it", "they", "really", "actually"])


@dataclass(frozen=True)
class Fact:
    """Something settled: a question, an answer that is understood without it, where it stands, and words to show."""

    ask: str
    tell: str
    source: str
    punch: str  #: at most five words, for the screen


def facts_on(topic: Topic, archetype: str) -> tuple[Fact, ...]:
    """What is known of a topic; nothing where it does not suit what was asked for."""
    if topic.kind not in _OPEN or archetype not in _SUITED or topic.action:
        return ()
    if topic.kind == "list" and not (topic.items and topic.items.split()[-1] in _ITEMS):
        return ()
    found = stock().get(topic.about.lower(), ())
    return found if len(found) >= _FEWEST else ()


@dataclass(frozen=True)
class Answer:
    """The settled answer to a question: its steps in order, and last what answers it."""

    asks: frozenset[str]  #: question words with which it is asked
    words: tuple[tuple[str, ...], ...]  #: beginnings of words, of each of which one must stand in the question
    also: tuple[str, ...]  #: beginnings of words that may stand there too
    facts: tuple[Fact, ...]

    def fits(self, question: str) -> bool:
        """Whether a question in lower case is this one, in its own words."""
        first, *rest = [word.strip(".,;:!?'\"()").removesuffix("'s") for word in question.split()] or [""]
        every = all(any(_begins(word, beginnings) for word in rest) for beginnings in self.words)
        known = (word for word in rest if not any(_begins(word, beginnings) for beginnings in self.words))
        other = [word for word in known if word not in FUNCTION_WORDS | _OURS and not _begins(word, self.also)]
        return first in self.asks and every and not other


def _begins(word: str, beginnings: Sequence[str]) -> bool:
    # An "airplane" is a plane, too.
    return any(word.startswith(part) or (len(part) > 4 and part in word) for part in beginnings)


def answer_to(topic: Topic, archetype: str) -> tuple[Fact, ...]:
    """The steps and the answer of a question that is known; nothing for another one, or where it does not suit."""
    asked = topic.question or (topic.title if topic.claim else "")
    if not asked or archetype not in _SUITED:
        return ()
    return next((answer.facts for answer in answers() if answer.fits(asked.lower())), ())


@lru_cache(maxsize=1)
def answers() -> tuple[Answer, ...]:
    """Every question whose answer is known."""
    data = yaml.safe_load((Path(__file__).parent / "answers.yaml").read_text("utf-8"))
    return tuple(_answer(entry) for entry in data)


def _answer(entry: Mapping[str, Any]) -> Answer:
    told = [*entry["steps"], entry["answer"]]
    return Answer(
        asks=frozenset(entry["ask"]),
        words=tuple(tuple(word.split("|")) for word in entry["words"]),
        also=tuple(entry.get("also", ())),
        facts=tuple(Fact("", tell, entry["source"], punch) for tell, punch in told),
    )


@lru_cache(maxsize=1)
def stock() -> dict[str, tuple[Fact, ...]]:
    """Facts by every name of their subject."""
    data = yaml.safe_load((Path(__file__).parent / "facts.yaml").read_text("utf-8"))
    return {
        name: tuple(Fact(*fact) for fact in entry["facts"])
        for subject, entry in data.items()
        for name in (subject, *entry.get("also", ()))
    }
