"""Topic family `prompts`: somebody, or something, asks for a video."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Message, Micros, Slug, Uuid, ViewerId, message
from schemas.footage import Footage
from schemas.scripts import Script
from schemas.takes import Regeneration
from schemas.values import Format, Lane, Origin

#: Longest prompt, in characters.
PROMPT_MAX = 2000
PromptText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=PROMPT_MAX)]


class Trigger(Contract):
    """What a viewer did, or was served, that a prefetch follows from; its id is the prompt's causation."""

    type: Annotated[str, StringConstraints(max_length=64)] = Field(description="SwipeRecorded or FeedServed")
    video_id: Uuid | None = Field(None, description="that was swiped")
    action: Annotated[str, StringConstraints(max_length=64)] | None = None
    watched_ms: int | None = Field(None, ge=0)
    ts_us: Micros


@message("prompts")
class PromptSubmitted(Message):
    """A video was asked for. The video does not exist yet, but has its id already."""

    video_id: Uuid
    text: PromptText
    origin: Origin
    lane: Lane
    viewer_id: ViewerId | None = Field(None, description="personal data: who asked, or for whom it is prefetched")
    flavor: Slug = "default"
    archetype: Slug | None = None
    target_seconds: float | None = Field(None, ge=15, le=180)
    format: Format | None = Field(None, description="in place of the flavor's")
    subject: Annotated[str, StringConstraints(max_length=120)] | None = Field(
        None, description="the interest that a prefetch serves"
    )
    footage: tuple[Footage, ...] = Field((), max_length=20, description="images and clips of one's own, for the scenes")
    project_id: Uuid | None = Field(None, description="the project that it comes from")
    script: Script | None = Field(None, description="of a project: taken as it is. None: one is written")
    regeneration: Regeneration | None = Field(None, description="of a project: how its scenes are made")
    trigger: Trigger | None = Field(None, description="what a prefetch follows from")
    needed_us: Micros | None = Field(None, description="when its viewer is expected to come to what is made ahead")
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.video_id


Operator = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Changes(Contract):
    """What shall be different in the next revision. What is not set stays as it was."""

    flavor: Slug | None = None
    model: Slug | None = None
    voice: Annotated[str, StringConstraints(max_length=100)] | None = None
    seed: int | None = Field(None, ge=0, le=2**53 - 1)
    archetype: Slug | None = None
    text: PromptText | None = None

    @property
    def of_the_script(self) -> bool:
        """Whether another script has to be written, if these hold for the whole video."""
        return any(value is not None for value in (self.flavor, self.archetype, self.text))


@message("prompts")
class RevisionRequested(Message):
    """A video shall be made once more. Complete: with it alone, and the artefacts of before, the revision is made."""

    video_id: Uuid
    revision: int = Field(ge=2)
    base_revision: int = Field(ge=1)
    changes: Changes = Field(description="what was asked for; the fields below are what follows from it")
    redo: tuple[int, ...] = Field((), max_length=20, description="numbers of the scenes; none: all of them")
    operator: Operator
    reason: Why
    replay_id: Uuid | None = Field(None, description="the replay that asked, if it was one")
    lane: Lane
    text: PromptText
    origin: Origin = Field(description="of the video, as it was first asked for")
    viewer_id: ViewerId | None = Field(None, description="personal data: for whom the video was made")
    flavor: Slug
    archetype: Slug | None = None
    target_seconds: float | None = Field(None, ge=15, le=180)
    format: Format | None = Field(None, description="in place of the flavor's")
    subject: Annotated[str, StringConstraints(max_length=120)] | None = None
    regeneration: Regeneration
    asked_us: Micros | None = Field(None, description="when the video was first asked for; the same in each revision")
    script: Script | None = Field(None, description="taken as it is; none: one is written anew")
    footage: tuple[Footage, ...] = Field((), max_length=20, description="images and clips of one's own, for the scenes")
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.video_id
