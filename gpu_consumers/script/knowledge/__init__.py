"""A small stock of settled facts with their sources, for subjects that are asked for often."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from gpu_consumers.script.topic import Topic

#: Kinds of prompts that ask for what there is to know, rather than for one answer, a story or an opinion.
_OPEN = ("topic", "list")
#: Archetypes that facts suit.
_SUITED = ("list", "explainer", "myth-vs-fact", "testimonial")
#: A list of these is a list of facts.
_ITEMS = frozenset(["things", "facts", "truths", "secrets", "surprises", "lessons"])
_FEWEST = 2


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


@lru_cache(maxsize=1)
def stock() -> dict[str, tuple[Fact, ...]]:
    """Facts by every name of their subject."""
    data = yaml.safe_load((Path(__file__).parent / "facts.yaml").read_text("utf-8"))
    return {
        name: tuple(Fact(*fact) for fact in entry["facts"])
        for subject, entry in data.items()
        for name in (subject, *entry.get("also", ()))
    }
