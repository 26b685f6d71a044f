"""How a video or a scene is made, where that is not left to flavor and seed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Slug


class Style(Contract):
    """A LoRA of a generative model, by the name that its manifest gives it."""

    name: Slug
    weight: float = Field(1.0, ge=-2, le=2, description="0: not at all; 1: as it was trained")


Styles = Annotated[tuple[Style, ...], Field(max_length=8)]
#: The scale of classifier-free guidance (Ho & Salimans 2022): 1 is none, more keeps closer to the prompt.
Guidance = Annotated[float, Field(ge=0, le=50)]


class Take(Contract):
    """How a scene is made, where it differs from what the video's flavor and the seed of its id say."""

    flavor: Slug | None = None
    voice: Annotated[str, StringConstraints(max_length=100)] | None = Field(None, description="the speaker's name")
    model: Slug | None = Field(None, description="the backend that draws")
    seed: int | None = Field(None, ge=0, le=2**53 - 1, description="another number, another picture")
    styles: Styles | None = Field(None, description="LoRAs of a generative model, and how strong each is")
    guidance: Guidance | None = Field(None, description="how closely a generative model keeps to the prompt")


class SceneTake(Take):
    """How one scene is made, in place of what holds for all."""

    scene_number: int = Field(ge=1, le=99)


class Regeneration(Contract):
    """Why and how a video is made once more. It travels from the request to the scenes."""

    base_revision: int = Field(ge=1)
    take: Take = Take()
    scenes: tuple[SceneTake, ...] = Field((), max_length=20)
    instead: bool = Field(False, description="earlier revisions that are still being made are dropped")

    def for_scene(self, scene_number: int) -> Take:
        """How that scene is made."""
        own = (scene for scene in self.scenes if scene.scene_number == scene_number)
        return next(own, self.take)


class Upgrade(Contract):
    """A draft will be followed by the same video in full: the prompt with which that revision is asked for."""

    text: str
    archetype: Slug | None = None
    target_seconds: float | None = None
    subject: str | None = None
