"""What clients send about projects, and what they get."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from query_api.http.bodies import Body, FootageBody, Shape, Voice, speakable
from query_api.states import Status
from schemas.base import Contract, Slug, ViewerId
from schemas.cards import VideoCard
from schemas.charts import Chart
from schemas.footage import Footage
from schemas.projects import SCENES_MAX
from schemas.prompts import PromptText
from schemas.scripts import Script
from schemas.takes import Guidance, Style, Styles
from schemas.values import Text
from schemas.works import Cost

Words = Annotated[Text, AfterValidator(speakable)]
OnScreen = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), AfterValidator(speakable)]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(speakable)
]


def _speakable(script: Script) -> Script:
    """A script that comes along is held to what each of its texts is when it is edited."""
    for part in (script, *script.scenes):
        _texts(part)
    for scene in script.scenes:
        if scene.chart:
            _labelled(scene.chart)
    return script


def _labelled(chart: Chart) -> Chart:
    for value in chart.values:
        _texts(value)
    return chart


def _texts(part: Contract) -> None:
    for text in dict(part).values():
        speakable(text if isinstance(text, str) else "")


#: What a generative model is told, beside its words. A style or a scale that it does not have fails the scene.
_STYLES = "LoRAs of the model's manifest, and how strong each is"
_GUIDANCE = "how closely a generative model keeps to the prompt: 1 is not at all, most take 3 to 8"


class OpenBody(Body):
    """An idea, or a script that is there already."""

    text: Annotated[PromptText, AfterValidator(speakable)]
    flavor: Slug = "default"
    archetype: Slug | None = None
    target_seconds: float | None = Field(None, ge=15, le=180)
    format: Shape | None = Field(None, description="width to height; the flavor's when left out")
    voice: Voice | None = None
    footage: list[FootageBody] = Field(default_factory=list, max_length=SCENES_MAX)
    script: Annotated[Script, AfterValidator(_speakable)] | None = Field(
        None, description="scenes are numbered from 1 without a gap"
    )
    viewer_id: ViewerId | None = Field(None, description="whose project; with a token, the token says so")

    model_config = Body.model_config | {
        "json_schema_extra": {"examples": [{"text": "Why do cats purr?", "target_seconds": 20}]}
    }


class DraftBody(Body):
    """What is different in the next draft."""

    text: Annotated[PromptText, AfterValidator(speakable)] | None = None
    archetype: Slug | None = None
    target_seconds: float | None = Field(None, ge=15, le=180)

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"target_seconds": 30}]}}


class EditBody(Body):
    """What holds for the whole video."""

    title: Title | None = None
    subject: Title | None = None
    mood: Slug | None = None
    flavor: Slug | None = None
    voice: Voice | None = Field(None, description="null: the flavor's own")
    styles: Styles | None = Field(None, description=f"{_STYLES}; null: the flavor's, none in the list: none")
    guidance: Guidance | None = Field(None, description=f"{_GUIDANCE}; null: the flavor's, or the model's own")

    model_config = Body.model_config | {
        "json_schema_extra": {"examples": [{"title": "Why cats purr", "mood": "calm"}, {"guidance": 6.5}]}
    }


class SceneBody(Body):
    """What is different in a scene."""

    narration: Words | None = None
    visuals: Words | None = None
    on_screen_text: OnScreen | None = None
    muted: bool | None = Field(None, strict=True)
    chart: Annotated[Chart, AfterValidator(_labelled)] | None = Field(
        None, description="the figures that are drawn in it, all of them; null: none"
    )
    footage: FootageBody | None = Field(None, description="null: none")
    voice: Voice | None = Field(None, description="null: that of the whole video")

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"on_screen_text": "WHY?", "muted": True}]}}


class NewSceneBody(Body):
    """A new scene."""

    narration: Words
    visuals: Words
    on_screen_text: OnScreen = ""
    beat: Slug = "point"
    after: int | None = Field(None, ge=0, le=SCENES_MAX, description="0: first; left out: last")

    model_config = Body.model_config | {
        "json_schema_extra": {"examples": [{"narration": "And lions?", "visuals": "a lion asleep", "after": 1}]}
    }


class RedoBody(Body):
    """How a scene shall be drawn; nothing: just differently."""

    seed: int | None = Field(None, ge=0, le=2**53 - 1)
    model: Slug | None = None
    flavor: Slug | None = None
    styles: Styles | None = Field(None, description=f"{_STYLES}; null: those of the whole video")
    guidance: Guidance | None = Field(None, description=f"{_GUIDANCE}; null: that of the whole video")

    model_config = Body.model_config | {
        "json_schema_extra": {
            "examples": [{"seed": 7}, {"styles": [{"name": "watercolour", "weight": 0.6}], "guidance": 6.5}]
        }
    }


class OrderBody(Body):
    """The scenes by the numbers that they have now, as they shall stand."""

    order: list[Annotated[int, Field(ge=1, le=SCENES_MAX)]] = Field(min_length=1, max_length=SCENES_MAX)

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"order": [2, 1, 3]}]}}


class SceneAnswer(BaseModel):
    """A scene as it stands. `changed`: it is not in the newest revision like this."""

    scene_number: int
    drawn_as: int = Field(description="what the scene keeps wherever it is moved: seed and look go by it")
    beat: str
    narration: str
    visuals: str
    on_screen_text: str
    duration_s: float
    muted: bool
    chart: Chart | None = None
    footage: Footage | None = None
    voice: str | None = None
    seed: int | None = None
    model: str | None = None
    flavor: str | None = None
    styles: tuple[Style, ...] | None = Field(None, description="its own; none: those of the whole video")
    guidance: float | None = Field(None, description="its own; none: that of the whole video")
    changed: bool


class RevisionAnswer(BaseModel):
    """A revision of the video. `live`: it is the one that viewers see."""

    revision: int
    version: int = Field(description="of the project that it was made from")
    status: Status
    live: bool
    cost: Cost
    reason: str | None = None
    overtaken_by: int | None = Field(None, description="the revision that was asked for in its place")
    card: VideoCard | None = None


class ProjectAnswer(BaseModel):
    """A whole project."""

    project_id: str
    version: int
    status: str = Field(
        description="drafting, draft, draft_failed, approved, rendering, rendered, render_failed", examples=["draft"]
    )
    text: str
    flavor: str
    archetype: str | None = None
    target_seconds: float | None = None
    format: Shape | None = None
    voice: str | None = None
    styles: tuple[Style, ...] | None = Field(None, description="none: the flavor's")
    guidance: float | None = Field(None, description="none: the flavor's, or the model's own")
    title: str | None = None
    subject: str | None = None
    mood: str | None = None
    language: str | None = None
    approved: bool
    reason: str | None = None
    scenes: list[SceneAnswer]
    video_id: str
    revisions: list[RevisionAnswer]
    cost: Cost = Field(description="of all drafts and revisions")
    opened_at: datetime
    changed_at: datetime
    links: dict[str, str]


class ProjectEntry(BaseModel):
    """A project in a list."""

    project_id: str
    title: str | None = None
    text: str
    opened_at: datetime
    changed_at: datetime


class ProjectsAnswer(BaseModel):
    """Projects, changed last first."""

    projects: list[ProjectEntry]


class ProjectEventAnswer(BaseModel):
    """Something that happened to a project."""

    id: str
    type: str
    version: int
    at: datetime
    data: dict[str, Any]


class ProjectEventsAnswer(BaseModel):
    """The story of a project, in order."""

    project_id: str
    events: list[ProjectEventAnswer]
