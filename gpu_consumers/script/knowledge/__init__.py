"""A small stock of settled facts with their sources, for subjects that are asked for often."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from gpu_consumers.script.english import sentence_case
from gpu_consumers.script.lexicon import FUNCTION_WORDS, NEGATIONS
from gpu_consumers.script.phrases import inner
from gpu_consumers.script.topic import Topic

#: Kinds of prompts that ask for what there is to know, rather than for one answer, a story or an opinion.
_OPEN = ("topic", "list")
#: Archetypes that facts suit.
SUITED = ("list", "explainer", "myth-vs-fact", "testimonial")
#: Archetypes that steps suit.
_GUIDING = ("how-to", "list", "explainer")
#: A list of these, about something that can be done, is a list of steps.
_STEPS = frozenset(
    ["tips", "ways", "habits", "hacks", "tricks", "steps", "rules", "methods", "techniques", "strategies"]
)
#: A list of these is a list of facts.
_ITEMS = frozenset(["things", "facts", "truths", "secrets", "surprises", "lessons"])
_FEWEST = 2
_ARTICLE = re.compile(r"^an? ")
_WHAT_IS = re.compile(r"^what(?:'s| is| are) ")
#: What may stand before the name of a subject, when an aspect of it is asked for.
_ASPECT = re.compile(
    r"^(?:the |an? )?(?:(?:history|story|science|life|lives|world|inside|age|size|secrets?) of |"
    r"(?:day|life|weather) on )?(?:the |an? )?"
)
#: They change nothing about a question.
_OURS = frozenset(["my", "your", "our", "their", "we", "you", "i", "it", "they", "really", "actually"])
#: Words without weight: a question is the same with and without them.
_LIGHT = (FUNCTION_WORDS | _OURS | _STEPS) - NEGATIONS


@dataclass(frozen=True)
class Fact:
    """Something settled: a question, an answer that is understood without it, where it stands, and words to show."""

    ask: str
    tell: str
    source: str
    punch: str  #: at most five words, for the screen


def facts_on(topic: Topic, archetype: str) -> tuple[Fact, ...]:
    """What is known of a topic; nothing where it does not suit what was asked for."""
    if topic.kind not in _OPEN or archetype not in SUITED or topic.action:
        return ()
    if topic.kind == "list" and not (topic.items and topic.items.split()[-1] in _ITEMS):
        return ()
    found = stock().get(topic.about.lower(), ())
    return found if len(found) >= _FEWEST else ()


def near(topic: Topic) -> Topic | None:
    """The subject of a prompt, where facts are known of that, though not what is asked about it."""
    if topic.kind not in ("question", "topic", "list") or topic.action or topic.claim:
        return None
    found = next((each for each in _names(topic) if len(stock().get(each, ())) >= _FEWEST), None)
    if found is None or (found == topic.about.lower() and topic.kind != "question"):
        return None
    if topic.kind == "list":
        return replace(topic, about=found, heading=f"{topic.items} about {found}")
    spelt = inner(found)  # as names are: AI
    return replace(topic, kind="topic", about=spelt, title=sentence_case(_ARTICLE.sub("", spelt)), question=None)


def _names(topic: Topic) -> Iterator[str]:
    """What the subject may be called, the nearest first."""
    question = (topic.question or "").lower()
    yield from (name for name, facts in stock().items() if question and asked_of(question, facts))
    defined = _WHAT_IS.match(question)
    about = question[defined.end() :] if defined else topic.about.lower()
    name = _ASPECT.sub("", about)
    yield from (about, name, f"{name}s", name.removesuffix("s"))


def asked_of(question: str, facts: Sequence[Fact]) -> Fact | None:
    """The fact that answers a question, if one is asked for in the same words of weight."""
    return next((fact for fact in facts if _weighty(fact.ask) == _weighty(question)), None)


@lru_cache(maxsize=4096)
def _weighty(question: str) -> frozenset[str]:
    first, *rest = question.lower().rstrip("?").split()
    return frozenset([first, *(_plain(word) for word in rest if word in NEGATIONS or word not in FUNCTION_WORDS)])


def _plain(word: str) -> str:
    """One word for all that negate: who asks why cats don't care asks why they do not."""
    return "not" if word in NEGATIONS else word


@dataclass(frozen=True)
class Answer:
    """The settled answer to a question: its steps in order, and last what answers it."""

    asks: frozenset[str]  #: question words with which it is asked
    words: tuple[tuple[str, ...], ...]  #: beginnings of words, of each of which one must stand in the question
    also: tuple[str, ...]  #: beginnings of words that may stand there too
    facts: tuple[Fact, ...]

    def fits(self, question: str) -> bool:
        """Whether a question in lower case is this one, in its own words."""
        first, *rest = question.split() or [""]
        return first in self.asks and self.holds(rest)

    def holds(self, words: Sequence[str]) -> bool:
        """Whether words in lower case are about this, and about nothing else of weight."""
        bare = [word.strip(".,;:!?'\"()").removesuffix("'s") for word in words]
        every = all(any(_begins(word, beginnings) for word in bare) for beginnings in self.words)
        known = (word for word in bare if not any(_begins(word, beginnings) for beginnings in self.words))
        return every and all(word in _LIGHT or _begins(word, self.also) for word in known)


def _begins(word: str, beginnings: Sequence[str]) -> bool:
    return any(_is_so(word, part) for part in beginnings)


def _is_so(word: str, part: str) -> bool:
    if word in NEGATIONS:
        return part in NEGATIONS
    if part.endswith("$"):
        return word == part[:-1]
    # An "airplane" is a plane, too.
    return word.startswith(part) or (len(part) > 4 and part in word)


def answer_to(topic: Topic, archetype: str) -> tuple[Fact, ...]:
    """The steps and the answer of a question that is known; nothing for another one, or where it does not suit."""
    asked = topic.question or (topic.title if topic.claim else "")
    if not asked or archetype not in SUITED:
        return ()
    return next((answer.facts for answer in answers() if answer.fits(asked.lower())), ())


def guide_to(topic: Topic, archetype: str) -> tuple[Fact, ...]:
    """The steps of what is asked for (`how to sleep better`, `a recipe for banana bread`), where they are known."""
    listed = topic.items is not None and topic.items.split()[-1].lower() in _STEPS
    cooked = topic.kind == "topic" and re.search(r"\brecipes?\b", topic.title.lower())
    if archetype not in _GUIDING or not (topic.kind == "action" or listed or cooked):
        return ()
    asked = topic.action or topic.heading or topic.title
    return next((guide.facts for guide in guides() if guide.holds(asked.lower().split())), ())


@lru_cache(maxsize=1)
def guides() -> tuple[Answer, ...]:
    """Everything of which the steps are known."""
    data = yaml.safe_load((Path(__file__).parent / "guides.yaml").read_text("utf-8"))
    return tuple(_answer({"ask": (), **entry}) for entry in data)


@lru_cache(maxsize=1)
def answers() -> tuple[Answer, ...]:
    """Every question whose answer is known."""
    data = yaml.safe_load((Path(__file__).parent / "answers.yaml").read_text("utf-8"))
    return tuple(_answer(entry) for entry in data)


def _answer(entry: Mapping[str, Any]) -> Answer:
    told = [*entry["steps"], *([entry["answer"]] if "answer" in entry else [])]
    return Answer(
        asks=frozenset(entry["ask"]),
        words=tuple(tuple(word.split("|")) for word in entry["words"]),
        also=tuple(entry.get("also", ())),
        facts=tuple(Fact("", tell, entry["source"], punch) for tell, punch in told),
    )


@lru_cache(maxsize=1)
def stock() -> dict[str, tuple[Fact, ...]]:
    """Facts by every name of their subject.

    In the files: a question, its answer, where it stands, and at most five words of it for the screen. An answer is
    understood without its question. A writer may say nothing that is not there, or in the prompt: keep to what is
    settled, and name the source. `Looked up` names a page at which a fact was found again; the others stand on the
    source that they name.
    """
    files = sorted((Path(__file__).parent / "facts").glob("*.yaml"))
    areas = [yaml.safe_load(file.read_text("utf-8")) for file in files]
    return {
        name: tuple(Fact(*fact) for fact in entry["facts"])
        for area in areas
        for subject, entry in area.items()
        for name in (subject, *entry.get("also", ()))
    }
