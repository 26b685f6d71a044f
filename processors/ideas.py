"""What to make ahead for a viewer: subjects they like, now and then something new, never the same idea twice. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

#: Shown to those of whom nothing is known, and as every fourth idea to all others.
STARTERS = (
    "deep sea creatures", "morning routines", "black holes", "street food", "learning a language",
    "the history of chess", "sleep", "honey bees", "procrastination", "volcanoes", "houseplants", "first impressions",
    "time zones", "running", "cats", "coffee", "lighthouses", "memory", "glaciers", "public speaking",
)  # fmt: skip

#: (archetype, prompt). Archetypes are data of the script writers; an unknown one falls back to the writer's choice.
ANGLES = (
    ("list", "Three things worth knowing about {subject}"),
    ("myth-vs-fact", "What most people get wrong about {subject}"),
    ("story-twist", "A short story about {subject} with a twist"),
    ("how-to", "How to get started with {subject}"),
    ("hot-take", "A hot take on {subject}"),
    ("problem-solution", "Why {subject} can be hard, and what helps"),
    ("pov", "POV: you discover {subject} for the first time"),
    ("testimonial", "What changed when I paid attention to {subject}"),
)
EXPLORE_EVERY = 4
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Idea:
    """A prompt to make ahead, and the interest that it serves."""

    subject: str
    archetype: str
    text: str


def ideas(interests: dict[str, float], made: int, seed: str) -> Iterator[Idea]:
    """Ideas without end, beginning after the `made` ones a viewer already had. `seed` is the viewer's own."""
    while True:
        yield idea(interests, made, seed)
        made += 1


def idea(interests: dict[str, float], number: int, seed: str) -> Idea:
    """The idea with that number. Subject and angle walk through seeded orders, so that repeats lie far apart."""
    liked = [subject for subject, weight in sorted(interests.items(), key=lambda item: -item[1]) if weight > 0.2][:6]
    if not liked:
        return _idea(_new(interests, seed), number, seed)
    if number % EXPLORE_EVERY == EXPLORE_EVERY - 1:
        return _idea(_new(interests, seed), number // EXPLORE_EVERY, seed)
    return _idea(liked, number - number // EXPLORE_EVERY, seed)


def _new(interests: dict[str, float], seed: str) -> list[str]:
    """Subjects of which a viewer has not shown yet whether they like them."""
    return [subject for subject in _shuffled(STARTERS, seed) if subject not in interests] or list(STARTERS)


def _idea(pool: Sequence[str], turn: int, seed: str) -> Idea:
    """All subjects from one angle each, then all from the next: no pair repeats before all were had."""
    subject = pool[turn % len(pool)]
    archetype, text = _shuffled(ANGLES, f"{seed}/{subject}")[turn // len(pool) % len(ANGLES)]
    return Idea(subject=subject, archetype=archetype, text=text.format(subject=subject))


def _shuffled(items: Sequence[T], seed: str) -> list[T]:
    order = list(items)
    random.Random(seed).shuffle(order)  # variety, not secrecy
    return order
