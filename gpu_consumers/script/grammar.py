"""Sentences from productions: `[this|that]` chooses, `{slot}` is filled from the topic, `{@rule}` from another rule.

Productions are data (`grammar/*.yaml`): rule → group → lines. A group is a kind of prompt (`why`, `action`, `any` …).
A line may end in ` => On screen`, the few words that stand in the picture while it is spoken.
A line that needs a slot which the topic lacks is not available; so a line never speaks of what is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from random import Random

import yaml

from gpu_consumers.script.english import mend_articles, sentence_case

_ENOUGH = 4

Rules = Mapping[str, Mapping[str, tuple[str, ...]]]

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(@?)([\w.-]+)\}")
_SENTENCE_START = re.compile(r"(?<=[.!?:] )([\"']?[a-zà-ÿ])")


@dataclass(frozen=True)
class Line:
    """Something to say (one or a few sentences), and what stands on the screen meanwhile."""

    text: str
    punch: str
    production: str  #: where it came from, so that a script uses each only once


@lru_cache(maxsize=1)
def rules() -> Rules:
    """All rules of the folder `grammar`."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for path in sorted((Path(__file__).parent / "grammar").glob("*.yaml")):
        for rule, groups in yaml.safe_load(path.read_text("utf-8")).items():
            found[rule] = {group: tuple(lines) for group, lines in groups.items()}
    return found


@cache
def slots_of(production: str) -> frozenset[str]:
    """The topic's slots that a production needs."""
    return frozenset(name for at, name in _SLOT.findall(production) if not at)


@cache
def plain_sentences(production: str) -> int:
    """How many of its sentences name nothing of the topic: those are heard again in other videos."""
    spoken = production.partition(" => ")[0]
    return sum("{" not in sentence for sentence in re.split(r"(?<=[.?!])\]?\s", spoken) if sentence)


def available(rule: str, groups: Iterable[str], slots: Mapping[str, str]) -> list[tuple[str, float]]:
    """(production, weight): the most fitting group, and the next ones while there are too few for variety."""
    found: list[tuple[str, float]] = []
    for group in groups:
        lines = [line for line in rules()[rule].get(group, ()) if slots_of(line) <= slots.keys()]
        weight = 1.0 if found else 8.0
        found += [(line, weight / (1 + plain_sentences(line)) ** 1.5) for line in lines]
        if len(found) >= _ENOUGH:
            break
    return found


def expand(production: str, slots: Mapping[str, str], rng: Random) -> Line:
    """One way to say a production."""
    spoken, _, punch = production.partition(" => ")
    return Line(_finish(_fill(spoken, slots, rng)), _fill(punch, slots, rng).strip(), production)


def _fill(text: str, slots: Mapping[str, str], rng: Random) -> str:
    while _CHOICE.search(text):
        text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text, count=1)
    return _SLOT.sub(lambda match: _rule(match[2], slots, rng) if match[1] else slots[match[2]], text)


def _rule(name: str, slots: Mapping[str, str], rng: Random) -> str:
    """A phrase of another rule; `{@Place}` is `{@place}` with a capital."""
    lines = [line for line in rules()[name.lower()]["any"] if slots_of(line) <= slots.keys()]
    phrase = _fill(rng.choice(lines), slots, rng)
    return sentence_case(phrase) if name[0].isupper() else phrase


def _finish(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r"([!?])\.", r"\1", text)
    text = _SENTENCE_START.sub(lambda match: match[1].upper() if text[match.start() - 2] != ":" else match[1], text)
    return sentence_case(mend_articles(text))
