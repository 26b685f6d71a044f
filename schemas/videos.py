"""Topic family `video-events`: the public log of every video, in the order of its life."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Message, Micros, Slug, Uuid, ViewerId, message
from schemas.footage import Footage
from schemas.scripts import Script, Word
from schemas.takes import Regeneration, Upgrade
from schemas.values import Artifact, Format, Judgement, Lane, Origin, Rendition, Sha256
from schemas.works import ClipQuality, Cost, Outlier, RenderWork

Reason = Annotated[str, StringConstraints(max_length=2000)]
Name = Annotated[str, StringConstraints(max_length=200)]


class Stage(StrEnum):
    """Where a video is, or where it failed."""

    MODERATION = "moderation"
    SCRIPT = "script"
    VOICE = "voice"
    SCENE = "scene"
    ASSEMBLY = "assembly"


class Fallback(Contract):
    """A backend that was tried and given up, and why. Part of other events."""

    backend: Name
    reason: Reason


class VideoEvent(Message):
    """What every event of a video carries. `ts_us` rises with each event of one video: `max(now, last + 1)`."""

    video_id: Uuid
    revision: int = Field(1, ge=1)
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.video_id


class Judged(StrEnum):
    """What moderators look at."""

    PROMPT = "prompt"
    SCRIPT = "script"
    FRAMES = "frames"


@message("video-events")
class ContentJudged(VideoEvent):
    """Moderators looked at the prompt, the script, or the frames of a scene. What is refused goes no further."""

    content: Judged
    scene_number: int | None = Field(None, ge=1, description="of the frames")
    allowed: bool = Field(description="whether all of them allow it")
    judgements: tuple[Judgement, ...] = Field(max_length=20)
    flavor: Slug


@message("video-events")
class PromptAccepted(VideoEvent):
    """The prompt passed moderation and work begins."""

    text: str
    origin: Origin
    lane: Lane
    viewer_id: ViewerId | None = Field(None, description="personal data")
    flavor: Slug
    archetype: Slug | None = None
    target_seconds: float | None = None
    subject: str | None = None


@message("video-events")
class PromptRejected(VideoEvent):
    """The prompt did not pass. It is never rendered."""

    text: str
    origin: Origin
    viewer_id: ViewerId | None = Field(None, description="personal data")
    category: Name
    rule: Name
    reason: Reason


@message("video-events")
class ScriptWritten(VideoEvent):
    """The script is there: scene tasks follow."""

    script: Script
    writer: Name
    origin: Origin
    lane: Lane
    flavor: Slug
    format: Format | None = Field(None, description="in place of the flavor's")
    viewer_id: ViewerId | None = Field(None, description="personal data")
    fallbacks: tuple[Fallback, ...] = ()
    reused: bool = Field(False, description="the answer came from the artefact cache")
    avoided: tuple[Uuid, ...] = Field(
        (), max_length=200, description="videos whose sentences the writer was not to say again"
    )
    cost: Cost
    regeneration: Regeneration | None = Field(None, description="of a later revision: how its scenes are made")
    asked_us: Micros | None = Field(None, description="when the video was first asked for; the same in each revision")
    deadline_us: Micros | None = Field(None, description="when the video should be there, for the scheduler")
    upgrade: Upgrade | None = Field(None, description="of a draft: the full video that follows is asked for with this")
    replay_id: Uuid | None = Field(None, description="the replay that asked for this revision")


@message("video-events")
class SceneVoiced(VideoEvent):
    """The narration of a scene is spoken; its length decides the length of the scene."""

    scene_id: Uuid
    scene_number: int = Field(ge=1)
    voice: Name
    audio: Artifact | None = Field(description="mono PCM in a WAV file; none: captions only")
    words: tuple[Word, ...]
    duration_ms: int = Field(ge=0)
    fallbacks: tuple[Fallback, ...] = ()
    reused: bool = False
    cost: Cost


@message("video-events")
class SceneCommissioned(VideoEvent):
    """A hosted generator has taken the job of a scene and will be paid for it. Told before it is asked how far it is.

    Whoever goes on with the scene, after a crash or elsewhere, waits for this job and buys no other.
    """

    scene_id: Uuid
    scene_number: int = Field(ge=1)
    order: Sha256 = Field(description="hash of what was asked for: equal orders are one job")
    attempt: int = Field(1, ge=1, description="rises where a job has failed and it was ordered again")
    provider: Name
    model: Name
    job: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(description="the provider's id of it")
    watch: Annotated[str, StringConstraints(max_length=2000)] = Field("", description="the address that tells of it")
    cost: Cost = Field(description="the price by the manifest, whether or not the job succeeds")


@message("video-events")
class SceneRendered(VideoEvent):
    """The picture of a scene is there. It carries the sound's address too, so that assembly needs no other event."""

    scene_id: Uuid
    scene_number: int = Field(ge=1)
    scene_count: int = Field(ge=1)
    clip: Artifact
    audio: Artifact | None
    words: tuple[Word, ...]
    duration_ms: int = Field(gt=0)
    backend: Name
    model: Name
    look: Name
    seed: int = Field(ge=0)
    code: Name = Field(description="version of the code that drew it")
    footage: Footage | None = Field(None, description="what is really shown in it: its own or a stock library's")
    renditions: tuple[Rendition, ...] = Field((), max_length=8, description="the same clip, smaller")
    fallbacks: tuple[Fallback, ...] = ()
    work: RenderWork | None = Field(None, description="of a generative model; none for what was drawn or reused")
    quality: ClipQuality | None = Field(None, description="of its pictures; none where nobody measured it")
    reused: bool = False
    cost: Cost


@message("video-events")
class AnomalyFound(VideoEvent):
    """Figures of a scene lie far outside of those of the last scenes of its kind: an alert. The scene stays."""

    scene_id: Uuid
    scene_number: int = Field(ge=1)
    model: Name
    kind: Name = Field(description="what it was compared with: scenes of this model, look, shape and device")
    seen: int = Field(ge=1, description="how many those were")
    outliers: tuple[Outlier, ...] = Field(min_length=1, max_length=20)


class PublishedVideo(VideoEvent):
    """A finished video, complete in itself: a client needs nothing else to play it."""

    title: str
    subject: str
    archetype: Slug
    flavor: Slug
    origin: Origin
    viewer_id: ViewerId | None = Field(None, description="personal data: for whom it was made")
    video: Artifact
    cover: Artifact
    captions: Artifact | None = None
    preview: Artifact | None = Field(None, description="three silent seconds, small, made to be looped")
    renditions: tuple[Rendition, ...] = Field((), max_length=8, description="smaller ones, for slow networks")
    chapters: Artifact | None = Field(None, description="WebVTT: a chapter for each scene")
    credits: tuple[Name, ...] = Field((), max_length=20, description="who made the footage in it, to be told")
    fallbacks: tuple[Fallback, ...] = Field((), description="what did not pass the quality gates at first")
    duration_ms: int = Field(gt=0)
    format: Format
    scene_count: int = Field(ge=1)
    cost: Cost = Field(description="of the assembly alone")
    total_cost: Cost = Field(description="of every stage")
    replay_id: Uuid | None = Field(None, description="the replay that asked for this revision")


@message("video-events")
class VideoPublished(PublishedVideo):
    """The video can be watched. A revision after the first is a candidate: nobody sees it until it is promoted."""

    reused: bool = Field(False, description="the joined video came from the artefact cache")
    draft: bool = Field(False, description="its scenes are drafts: a revision in full will take its place by itself")


@message("video-events")
class RevisionPromoted(PublishedVideo):
    """From now on this revision is what viewers see. Holds all of its VideoPublished, so that order does not matter."""

    listed_us: Micros = Field(description="the video's place in the feeds: when it first entered them")
    replaces_draft: bool = Field(False, description="the full video, by itself: clients are told at once")
    by: Name
    why: str = Field("", max_length=2000)


@message("video-events")
class RevisionDropped(VideoEvent):
    """The revision will not be shown, and what is still at work on it stops. Its files stay, since other revisions may
    share them."""

    by: Name
    why: str = Field("", max_length=2000)
    overtaken_by: int | None = Field(None, ge=2, description="the revision that was asked for in its place")
    needed: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (), max_length=99, description="scenes that the later revision shows unchanged: work on these goes on"
    )


@message("video-events")
class WorkStopped(VideoEvent):
    """Work on a revision was given up half-way, since nobody wants it any more."""

    stage: Stage
    scene_id: Uuid | None = None
    scene_number: int | None = Field(None, ge=1)
    fraction: float = Field(ge=0, le=1, description="how far it was")
    why: Reason
    cost: Cost = Field(description="of what was thrown away")


@message("video-events")
class VideoFailed(VideoEvent):
    """The video will not appear."""

    stage: Stage
    error: Name = Field(description="class of the error")
    reason: Reason
    origin: Origin
    viewer_id: ViewerId | None = Field(None, description="personal data")
    attempts: int = Field(1, ge=1)
    debug: tuple[Artifact, ...] = Field((), max_length=20, description="what was made all the same, and why it failed")
    replay_id: Uuid | None = Field(None, description="the replay that asked for this revision")


@message("video-events")
class VideoWithdrawn(VideoEvent):
    """The video leaves every feed: this revision, and all before it. A later one is seen again when it is promoted."""

    reason: Reason
    by: Name
