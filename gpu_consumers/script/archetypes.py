"""Archetypes: the shapes that a short can have. Each is data, one file in `archetypes/`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from random import Random

import yaml
from pydantic import BaseModel, ConfigDict, Field

from gpu_consumers.ports import Brief
from gpu_consumers.script.topic import Topic
from gpu_consumers.script.understanding import understand
from schemas.base import Slug


class Beat(BaseModel):
    """One step of an archetype; one scene of the script, or several where it repeats."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    beat: Slug
    purpose: str
    tone: str
    rank: int = Field(ge=1, description="beats of a low rank stay when the video is short")
    share: float = Field(1.0, gt=0, description="its part of the time, beside the other beats'")
    lines: tuple[str, ...] = Field(
        min_length=1, description="grammar rules; the first is always said, the others as time allows"
    )
    visual: str = "wide"
    repeat: bool = Field(False, description="whether it takes the items of a list, or the sentences of the prompt")


class HookRules(BaseModel):
    """What the first sentence has to keep to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_words: int = Field(22, ge=3)
    names_subject: bool = True


class Archetype(BaseModel):
    """A shape: which prompts it fits, how it sounds, and its beats in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Slug
    title: str
    description: str
    fits: dict[str, int] = Field(description="kind of prompt → weight; 0 or absent: never chosen by itself")
    moods: tuple[Slug, ...] = Field(min_length=1)
    hook: HookRules = HookRules()
    beats: tuple[Beat, ...] = Field(min_length=3)


@lru_cache(maxsize=1)
def archetypes() -> dict[str, Archetype]:
    """All that ship, by name."""
    folder = Path(__file__).parent / "archetypes"
    found = [
        Archetype.model_validate(yaml.safe_load(path.read_text("utf-8"))) for path in sorted(folder.glob("*.yaml"))
    ]
    return {archetype.name: archetype for archetype in found}


def choose_for(brief: Brief, allowed: Iterable[str] = ()) -> Archetype:
    """The archetype of a brief: the one it names, where there is such a one, or one that fits its prompt."""
    named = archetypes().get(brief.archetype or "")
    return named or choose(understand(brief.prompt), Random(f"{brief.seed}/{brief.prompt}"), allowed)


def choose(topic: Topic, rng: Random, allowed: Iterable[str] = ()) -> Archetype:
    """The archetype that the prompt asks for, or one of those that fit its kind."""
    candidates = [archetypes()[name] for name in allowed if name in archetypes()] or list(archetypes().values())
    for candidate in candidates:
        if candidate.name == topic.archetype:
            return candidate
    weights = [candidate.fits.get(topic.kind, 0) for candidate in candidates]
    if not any(weights):
        weights = [1] * len(candidates)
    return rng.choices(candidates, weights)[0]
