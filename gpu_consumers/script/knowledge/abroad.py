"""The most asked questions in other languages, with their answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from gpu_consumers.script.hanzi import TRADITIONAL, in_full
from gpu_consumers.voice.languages import base

_UNSPACED = ("ja", "zh")
#: A question in a script without spaces that has more letters than this is another one.
_LONGEST = 18


@dataclass(frozen=True)
class Told:
    """A question by parts of its words, and what is told: (sentence, words for the screen), the answer last."""

    holds: tuple[tuple[str, ...], ...]
    also: frozenset[str]
    told: tuple[tuple[str, str], ...]

    def fits(self, question: str, language: str, small: Collection[str]) -> bool:
        """Whether a question is this one and nothing else. `small`: words of the language that prove nothing."""
        lower = re.sub(r"[^\w\s]", " ", question.lower())
        if not all(any(part in lower for part in parts) for parts in self.holds):
            return False
        if base(language) in _UNSPACED:
            return len(lower.replace(" ", "")) <= _LONGEST
        parts = [part for each in self.holds for part in each]
        return all(
            word in small or word in self.also or any(part in word for part in parts) or len(word) < 2
            for word in lower.split()
        )


def told_abroad(question: str, language: str, small: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Steps and answer of a question in a language other than English; nothing where it is not known."""
    return next((each.told for each in known().get(language, ()) if each.fits(question, language, small)), ())


@lru_cache(maxsize=1)
def known() -> Mapping[str, tuple[Told, ...]]:
    """All that is known, by language."""
    data = yaml.safe_load(Path(__file__).with_name("abroad.yaml").read_text("utf-8"))
    data[TRADITIONAL] = in_full(data["zh"])
    return {
        language: tuple(
            Told(
                holds=tuple(tuple(part.split("|")) for part in entry["holds"]),
                also=frozenset(entry.get("also", ())),
                told=tuple((tell, punch) for tell, punch in (*entry["steps"], entry["answer"])),
            )
            for entry in entries
        )
        for language, entries in data.items()
    }
