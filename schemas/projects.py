"""Topic family `project-events`: how a creator gets from an idea to a script and to a video, step by step.

Each event takes a project from one `version` to the next. Of two with the same version, the one that comes first in the
log counts and the other never happened: whoever wrote it is told so.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Message, Micros, Slug, Uuid, ViewerId, message
from schemas.footage import Footage
from schemas.prompts import PromptText
from schemas.scripts import Scene, Script
from schemas.takes import Guidance, Regeneration, Styles, Take
from schemas.values import Format
from schemas.videos import Fallback, Name, Reason
from schemas.works import Cost

#: Scenes of a script, at most.
SCENES_MAX = 20


class ProjectEvent(Message):
    """What every event of a project carries."""

    project_id: Uuid
    version: int = Field(ge=1, description="of the project, once this has happened")
    viewer_id: ViewerId = Field(description="personal data: whose project it is")
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.project_id


class Idea(Contract):
    """What a script is to be written from."""

    text: PromptText
    flavor: Slug = "default"
    archetype: Slug | None = None
    target_seconds: float | None = Field(None, ge=15, le=180)
    format: Format | None = Field(None, description="in place of the flavor's")
    footage: tuple[Footage, ...] = Field((), max_length=SCENES_MAX)


@message("project-events")
class ProjectOpened(ProjectEvent):
    """A project began. Without a script of the creator's own, one is drafted."""

    idea: Idea
    voice: Annotated[str, StringConstraints(max_length=100)] | None = Field(None, description="the speaker's name")
    script: Script | None = None


@message("project-events")
class DraftRequested(ProjectEvent):
    """Another draft is wanted, in place of the script."""

    idea: Idea


@message("project-events")
class ScriptDrafted(ProjectEvent):
    """The draft is there; nothing is rendered yet."""

    script: Script
    writer: Name
    fallbacks: tuple[Fallback, ...] = ()
    cost: Cost


@message("project-events")
class DraftFailed(ProjectEvent):
    """There will be no draft."""

    error: Name = Field(description="class of the error, or category of the refusal")
    reason: Reason


@message("project-events")
class ProjectEdited(ProjectEvent):
    """What holds for the whole video was changed. Complete: what is told replaces what was."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    subject: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    mood: Slug
    flavor: Slug
    voice: Annotated[str, StringConstraints(max_length=100)] | None = None
    styles: Styles | None = Field(None, description="LoRAs in place of the flavor's")
    guidance: Guidance | None = Field(None, description="in place of the model's")


@message("project-events")
class SceneEdited(ProjectEvent):
    """A scene was changed: its words, its picture, its own footage, muted or not. Complete."""

    scene: Scene
    take: Take = Take()


@message("project-events")
class SceneRedone(ProjectEvent):
    """The same scene shall be drawn differently."""

    scene_number: int = Field(ge=1, le=SCENES_MAX)
    take: Take


@message("project-events")
class SceneAdded(ProjectEvent):
    """A new scene; those behind it move on by one."""

    scene: Scene


@message("project-events")
class ScenesArranged(ProjectEvent):
    """The scenes have another order. A number that is left out is a scene that was taken out."""

    order: tuple[int, ...] = Field(min_length=1, max_length=SCENES_MAX, description="the numbers of before")


@message("project-events")
class ProjectApproved(ProjectEvent):
    """The script may be rendered as it is."""


@message("project-events")
class RenderOrdered(ProjectEvent):
    """The video, or its next revision, was asked for. Complete: with it alone it can be made."""

    video_id: Uuid
    revision: int = Field(ge=1)
    idea: Idea
    script: Script
    regeneration: Regeneration = Field(description="how its scenes are made")


@message("project-events")
class ProjectClosed(ProjectEvent):
    """The project was thrown away. What it published stays."""
