"""Tasks ask for work. They may be retried, skipped or thrown away: the facts they lead to are what counts.

`after_us` is the highest `ts_us` among the events that led to the task: what the work emits must lie above it.
"""

from __future__ import annotations

from typing import ClassVar
from zlib import crc32

from pydantic import Field

from schemas.base import Contract, Message, Micros, Slug, Uuid, ViewerId, message
from schemas.footage import Footage
from schemas.scripts import Scene, Script, Word
from schemas.takes import Guidance, Regeneration, Styles, Upgrade
from schemas.values import Artifact, Format, Lane, Origin, Rendition
from schemas.works import Cost


class VideoTask(Message):
    """What every task for a video carries."""

    TASK: ClassVar[bool] = True

    video_id: Uuid
    revision: int = Field(1, ge=1)
    origin: Origin
    lane: Lane
    flavor: Slug
    format: Format | None = Field(None, description="in place of the flavor's")
    viewer_id: ViewerId | None = Field(None, description="personal data")
    after_us: Micros
    deadline_us: Micros | None = Field(None, description="when it should be done, for the scheduler")
    replay_id: Uuid | None = Field(None, description="the replay that asked for this revision")

    @property
    def key(self) -> str:
        return self.video_id


@message("script-tasks")
class WriteScript(VideoTask):
    """Write a script for a prompt, or have one judged that came along."""

    text: str
    archetype: Slug | None = None
    target_seconds: float | None = None
    subject: str | None = None
    footage: tuple[Footage, ...] = Field((), max_length=20, description="images and clips of one's own, for the scenes")
    regeneration: Regeneration | None = Field(None, description="of a later revision: how its scenes are made")
    asked_us: Micros | None = Field(None, description="when the video was first asked for; the same in each revision")
    project_id: Uuid | None = Field(None, description="the script is a draft of this project, nothing is rendered")
    project_version: int = Field(1, ge=1, description="of the project that asks for the draft")
    script: Script | None = Field(None, description="one that is there already: it is judged, and kept as it is")
    upgrade: Upgrade | None = Field(None, description="of a draft: the full video that follows is asked for with this")

    @property
    def slot(self) -> int | None:
        """Scripts for one viewer are written one after another, so that each knows what those before it said."""
        if self.viewer_id:
            return crc32(self.viewer_id.encode())
        return 0 if self.origin == Origin.STARTER else None


@message("scene-tasks")
class RenderScene(VideoTask):
    """Speak and draw one scene."""

    scene_id: Uuid
    scene: Scene
    scene_count: int = Field(ge=1)
    title: str
    language: str
    seed: int = Field(ge=0)
    voice: str | None = Field(None, max_length=100, description="a speaker in place of the flavor's")
    model: Slug | None = Field(None, description="a backend in place of the flavor's")
    draft: bool = Field(False, description="with few steps: the full one follows")
    styles: Styles | None = Field(None, description="LoRAs in place of the flavor's")
    guidance: Guidance | None = Field(None, description="in place of the model's")

    @property
    def key(self) -> str:
        return self.scene_id

    @property
    def slot(self) -> int:
        """Of a video's scenes each worker gets as many, where workers have blocks of partitions (`range`).

        The numbers of scenes with their bits turned round: two lie half a topic apart, four a quarter (van der Corput
        1935). XOR moves all scenes of a video, yet keeps apart what is apart. With hashed keys, or with a sum, two
        workers would often get four scenes and two.
        """
        return int(self.video_id[:8], 16) ^ int(f"{self.scene.scene_number - 1:032b}"[::-1], 2)


class ScenePart(Contract):
    """A finished scene, as the assembly needs it."""

    scene_id: Uuid
    scene_number: int = Field(ge=1)
    clip: Artifact
    audio: Artifact | None
    words: tuple[Word, ...]
    duration_ms: int = Field(gt=0)
    backend: str = Field("", description="what drew it")
    model: str = ""
    look: str = ""
    seed: int = Field(0, ge=0)
    code: str = Field("", description="version of the code that drew it")
    footage: Footage | None = Field(None, description="what is really shown in it")
    renditions: tuple[Rendition, ...] = Field((), max_length=8)


@message("assembly-tasks")
class AssembleVideo(VideoTask):
    """Join the scenes of a video, in order, with music."""

    script: Script
    parts: tuple[ScenePart, ...] = Field(min_length=1)
    cost: Cost = Field(description="of all stages so far")
    draft: bool = Field(False, description="its scenes are drafts")
    asked_us: Micros | None = Field(None, description="when the video was first asked for; the same in each revision")
