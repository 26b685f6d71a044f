"""Made by `swipestream contracts generate` from the contracts in schemas/. Do not edit.

A field that is not required may be missing: from records older than the field, or where a frame leaves it out.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class AcceptedFrame(TypedDict):
    """A prompt passed moderation and work begins. To its owner and to those who watch it."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    video_id: str
    #: partition and offset in `video-events`
    at: list[int]
    type: Literal["accepted"]
    revision: int
    text: str
    flavor: str


class AnomalyFound(TypedDict):
    """Figures of a scene lie far outside of those of the last scenes of its kind: an alert. The scene stays."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    scene_id: str
    scene_number: int
    model: str
    #: what it was compared with: scenes of this model, look, shape and device
    kind: str
    #: how many those were
    seen: int
    outliers: list[Outlier]


class Artifact(TypedDict):
    """Bytes in the media store, addressed by what they are: `<sha256>.<suffix>`."""

    sha256: str
    suffix: str
    media_type: str
    #: bytes
    size: int


class AssembleVideo(TypedDict):
    """Join the scenes of a video, in order, with music."""

    video_id: str
    revision: NotRequired[int]
    origin: Origin
    lane: Lane
    flavor: str
    #: in place of the flavor's
    format: NotRequired[Format | None]
    #: personal data
    viewer_id: NotRequired[str | None]
    after_us: int
    #: when it should be done, for the scheduler
    deadline_us: NotRequired[int | None]
    #: the replay that asked for this revision
    replay_id: NotRequired[str | None]
    script: Script
    parts: list[ScenePart]
    #: of all stages so far
    cost: Cost
    #: its scenes are drafts
    draft: NotRequired[bool]
    #: when the video was first asked for; the same in each revision
    asked_us: NotRequired[int | None]


class BeatFrame(TypedDict):
    """Nothing has happened; the token moves on all the same."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    type: Literal["beat"]
    live: bool


class Changes(TypedDict):
    """What shall be different in the next revision. What is not set stays as it was."""

    flavor: NotRequired[str | None]
    model: NotRequired[str | None]
    voice: NotRequired[str | None]
    seed: NotRequired[int | None]
    archetype: NotRequired[str | None]
    text: NotRequired[str | None]


class Chart(TypedDict):
    """Figures of one unit. All of them are drawn; each stands out from when it is told."""

    kind: NotRequired[ChartKind]
    values: list[ChartValue]
    #: how many of them, from the first on, were told before the scene
    told: NotRequired[int]


#: How figures are drawn.
ChartKind: TypeAlias = Literal["bars", "line"]


class ChartValue(TypedDict):
    """One figure of a chart."""

    #: what it is of
    label: str
    #: as it is shown, with its unit
    text: str
    value: float


class ClipQuality(TypedDict):
    """What a clip's pictures say of themselves, without anybody looking: measured on the luma of its frames."""

    #: pixels of the frames that were looked at
    width: int
    height: int
    #: how many were looked at
    frames: int
    #: variance of the Laplacian, the median of the frames: little is blurred, much is noise
    sharpness: float
    #: levels that a sample goes and comes back from one frame to the next, on average
    flicker: float
    #: what the next two compare it with: `draft`, the same scene in few steps
    reference: NotRequired[str | None]
    #: 100 for equal pictures
    psnr_db: NotRequired[float | None]
    #: structural similarity, 1 for equal pictures
    ssim: NotRequired[float | None]


class CloseFrame(TypedDict):
    """A stream of server-sent events ends. Over a websocket the close code says it."""

    type: Literal["close"]
    code: int
    reason: str


class ContentJudged(TypedDict):
    """Moderators looked at the prompt, the script, or the frames of a scene. What is refused goes no further."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    content: Judged
    #: of the frames
    scene_number: NotRequired[int | None]
    #: whether all of them allow it
    allowed: bool
    judgements: list[Judgement]
    flavor: str


class Cost(TypedDict):
    """What a step used, as measured by the worker that did it, and its price by the settings then in force."""

    cpu_seconds: NotRequired[float]
    gpu_seconds: NotRequired[float]
    wall_seconds: NotRequired[float]
    #: joules of GPU and CPU package; 0 where no meter could be read
    energy_j: NotRequired[float]
    #: in `currency`
    amount: NotRequired[float]
    currency: NotRequired[str]


class DeadLetterDecided(TypedDict):
    """A dead letter was sent back to its consumer, or given up. It is not listed any more."""

    #: consumer, partition and offset in the dead-letter topic
    letter: str
    #: when it died: tells it from a letter of an earlier topic
    failed_at_ms: int
    action: DeadlettersAction
    #: who decided
    by: str
    why: NotRequired[str]
    #: the value was changed before it was sent back
    edited: NotRequired[bool]
    ts_us: int


#: What becomes of a dead letter.
DeadlettersAction: TypeAlias = Literal["redriven", "discarded"]


class DistanceMeasured(TypedDict):
    """How far the clips of a model, or of a flavor, are from those of a reference, as a network sees them. Compare it with others of the same reference and the same network alone. Where it is far above those before it, it says so: an alert."""

    group: Group
    #: of the model, or of the flavor
    name: str
    ts_us: int
    #: fvd: Fréchet video distance (arXiv 1812.01717); 0 is the same
    figure: NotRequired[str]
    distance: float
    #: that the network has seen
    clips: int
    #: the clips were made from then on; none: from the beginning
    made_since_us: NotRequired[int | None]
    #: and before then; none: until it was measured
    made_until_us: NotRequired[int | None]
    #: a hash of the reference's videos, whatever their names
    reference: str
    #: of the folder that they were in
    reference_name: str
    reference_clips: int
    #: of the network's file
    network: str
    #: how many measurements before it could be compared with it
    seen: NotRequired[int]
    #: it is far above those
    outlier: NotRequired[Outlier | None]


class DraftFailed(TypedDict):
    """There will be no draft."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    #: class of the error, or category of the refusal
    error: str
    reason: str


class DraftRequested(TypedDict):
    """Another draft is wanted, in place of the script."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    idea: Idea


class ErrorFrame(TypedDict):
    """The client's last message was not understood."""

    type: Literal["error"]
    code: str
    detail: str


class FailedFrame(TypedDict):
    """A video will not appear. To its owner and to those who watch it."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    video_id: str
    #: partition and offset in `video-events`
    at: list[int]
    type: Literal["failed"]
    revision: int
    stage: str
    error: str
    reason: str


class Fallback(TypedDict):
    """A backend that was tried and given up, and why. Part of other events."""

    backend: str
    reason: str


class FeedServed(TypedDict):
    """A viewer got a piece of the feed."""

    #: personal data
    viewer_id: str
    ts_us: int
    items: list[Impression]
    #: unseen videos that would have come next
    upcoming: NotRequired[list[str]]
    policy: str


class Footage(TypedDict):
    """An image or a clip that a scene shows behind its words."""

    artifact: Artifact
    kind: FootageKind
    origin: NotRequired[FootageOrigin]
    #: the scene that shows it; none: spread over all
    scene_number: NotRequired[int | None]
    #: what stays in view when it is cropped, from the left
    focus_x: NotRequired[float]
    #: the same, from the top
    focus_y: NotRequired[float]
    move: NotRequired[Move]
    #: where a clip begins; one that is too short is repeated
    start_s: NotRequired[float]
    #: who made it, as it must be told
    credit: NotRequired[str]
    licence: NotRequired[str]
    #: the page it was found on
    source: NotRequired[str]


#: What footage is.
FootageKind: TypeAlias = Literal["image", "clip"]


#: Where footage comes from.
FootageOrigin: TypeAlias = Literal["upload", "stock"]


#: The picture's shape, in pixels as width x height.
Format: TypeAlias = Literal["1080x1920", "1920x1080", "1080x1080"]


#: What clips have in common that are measured together.
Group: TypeAlias = Literal["model", "flavor"]


class Hello(TypedDict):
    """The first message. `access` says who asks, `resume` is the newest token that the client has seen."""

    type: Literal["hello"]
    #: may be left out where `access` says it
    viewer_id: NotRequired[str | None]
    access: NotRequired[str | None]
    resume: NotRequired[str | None]
    videos: NotRequired[list[str]]
    #: whether the client is short of videos: see `lobby`
    lobby: NotRequired[bool]


class Idea(TypedDict):
    """What a script is to be written from."""

    text: str
    flavor: NotRequired[str]
    archetype: NotRequired[str | None]
    target_seconds: NotRequired[float | None]
    #: in place of the flavor's
    format: NotRequired[Format | None]
    footage: NotRequired[list[Footage]]


class Impression(TypedDict):
    """One video in one answer of the feed."""

    video_id: str
    position: int
    #: why it was shown: made_for_you, interest, fresh, explore
    reason: str
    #: probability of the policy choosing it at this place
    propensity: NotRequired[float]


class InterestChanged(TypedDict):
    """What a viewer is taken to like, whole, after a swipe changed it: subject -> weight."""

    #: personal data
    viewer_id: str
    ts_us: int
    interests: dict[str, float]


#: What moderators look at.
Judged: TypeAlias = Literal["prompt", "script", "frames"]


class Judgement(TypedDict):
    """What one moderator found, at its strongest, and whether that is still allowed."""

    allowed: bool
    moderator: str
    #: none: nothing found
    category: NotRequired[str | None]
    #: the rule, or the label
    rule: NotRequired[str | None]
    score: NotRequired[float]
    #: from this score on it is refused, by flavor and category
    threshold: NotRequired[float]


#: How urgent work is. Workers prefer the lanes in this order, with ageing.
Lane: TypeAlias = Literal["interactive", "prefetch", "bulk"]


class Lobby(TypedDict):
    """Tell (or no longer tell) the progress of starter videos, and of each video that was made ahead for another viewer: what a client needs that is short of videos."""

    type: Literal["lobby"]
    on: NotRequired[bool]


class Media(TypedDict):
    """Addresses of a video's files, below the API's origin. What is behind one never changes. Where tokens are required they are signed, and good for some hours: use them as they come."""

    video: str
    cover: str
    captions: NotRequired[str | None]
    #: three silent seconds, small, made to be looped
    preview: NotRequired[str | None]
    #: WebVTT, a chapter for each scene
    chapters: NotRequired[str | None]
    #: smaller ones, the largest first
    renditions: NotRequired[list[RenditionCard]]
    #: bytes of the video file
    size: int


class MediaRemoved(TypedDict):
    """Its creator took it back."""

    upload_id: str
    #: personal data: whose it is
    viewer_id: str
    ts_us: int
    sha256: str


class MediaUploaded(TypedDict):
    """It is in the media store, and was decoded once to see that it is what it says."""

    upload_id: str
    #: personal data: whose it is
    viewer_id: str
    ts_us: int
    artifact: Artifact
    kind: FootageKind
    #: pixels, as it is to be seen
    width: int
    #: pixels, as it is to be seen
    height: int
    #: 0 for an image
    duration_ms: NotRequired[int]
    #: of the file it was
    name: NotRequired[str]


#: How the view moves over an image (a clip moves by itself, and is only cropped).
Move: TypeAlias = Literal["auto", "in", "out", "pan"]


#: Who asked for a video.
Origin: TypeAlias = Literal["person", "api", "starter", "prefetch", "replay"]


#: How a prefetch ended.
Outcome: TypeAlias = Literal["ready", "failed"]


class Outlier(TypedDict):
    """A figure that lies far outside of what was usual lately."""

    #: sharpness, flicker, psnr_db, ssim, seconds or amount; fvd of many clips
    figure: str
    value: float
    #: the median of the last ones of its kind
    typical: float
    #: how far off, in robust standard deviations of the logarithm
    deviations: float


class PrefetchSettled(TypedDict):
    """A video that was asked for ahead of a viewer is ready, or will not come."""

    #: personal data
    viewer_id: str
    ts_us: int
    video_id: str
    outcome: Outcome


class ProgressFrame(TypedDict):
    """How far a video is; only the newest is told, and no token moves."""

    type: Literal["progress"]
    video_id: str
    revision: int
    stage: str
    fraction: float
    scene_number: NotRequired[int]
    scene_count: int
    #: seconds until the scenes that devices have in hand should be there, if known
    left_s: NotRequired[int]
    #: that of the script; before there is one, the words of the prompt
    title: NotRequired[str]
    #: a small JPEG, base64
    preview: NotRequired[str]


class ProjectApproved(TypedDict):
    """The script may be rendered as it is."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int


class ProjectClosed(TypedDict):
    """The project was thrown away. What it published stays."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int


class ProjectEdited(TypedDict):
    """What holds for the whole video was changed. Complete: what is told replaces what was."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    title: str
    subject: str
    mood: str
    flavor: str
    voice: NotRequired[str | None]
    #: LoRAs in place of the flavor's
    styles: NotRequired[list[Style] | None]
    #: in place of the model's
    guidance: NotRequired[float | None]


class ProjectOpened(TypedDict):
    """A project began. Without a script of the creator's own, one is drafted."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    idea: Idea
    #: the speaker's name
    voice: NotRequired[str | None]
    script: NotRequired[Script | None]


class ProjectionDropped(TypedDict):
    """The tables of this version are gone."""

    #: the keyspace of its first version, as the settings name it
    projection: str
    version: int
    by: str
    ts_us: int
    why: str


class ProjectionPromoted(TypedDict):
    """From now on every reader uses this version."""

    #: the keyspace of its first version, as the settings name it
    projection: str
    version: int
    by: str
    ts_us: int
    #: the version that was read until then; it is kept
    before: int
    why: str


class ProjectionRebuildStarted(TypedDict):
    """A new version of the tables is filled from the beginning of the log, beside the one that is read."""

    #: the keyspace of its first version, as the settings name it
    projection: str
    version: int
    by: str
    ts_us: int
    why: str
    #: that the log held then
    records: int


class ProjectionRebuilt(TypedDict):
    """A version has caught up with the log, and can be promoted."""

    #: the keyspace of its first version, as the settings name it
    projection: str
    version: int
    by: str
    ts_us: int
    #: read by this run
    records: int
    #: records passed over: they are in the dead letters of the projector
    unreadable: int
    seconds: float


class ProjectionRolledBack(TypedDict):
    """From now on every reader uses this version again."""

    #: the keyspace of its first version, as the settings name it
    projection: str
    version: int
    by: str
    ts_us: int
    #: the version that was given up; it is kept
    before: int
    why: str


class ProjectionVerified(TypedDict):
    """A version was compared with another one, or keys of it with a serial fold of the log."""

    #: the keyspace of its first version, as the settings name it
    projection: str
    version: int
    by: str
    ts_us: int
    #: the other version; none: the fold of the log
    against: int | None
    #: that were compared
    rows: int
    #: rows that are not the same, or are missing on one side
    different: int


class PromptAccepted(TypedDict):
    """The prompt passed moderation and work begins."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    text: str
    origin: Origin
    lane: Lane
    #: personal data
    viewer_id: NotRequired[str | None]
    flavor: str
    archetype: NotRequired[str | None]
    target_seconds: NotRequired[float | None]
    subject: NotRequired[str | None]


class PromptRejected(TypedDict):
    """The prompt did not pass. It is never rendered."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    text: str
    origin: Origin
    #: personal data
    viewer_id: NotRequired[str | None]
    category: str
    rule: str
    reason: str


class PromptSubmitted(TypedDict):
    """A video was asked for. The video does not exist yet, but has its id already."""

    video_id: str
    text: str
    origin: Origin
    lane: Lane
    #: personal data: who asked, or for whom it is prefetched
    viewer_id: NotRequired[str | None]
    flavor: NotRequired[str]
    archetype: NotRequired[str | None]
    target_seconds: NotRequired[float | None]
    #: in place of the flavor's
    format: NotRequired[Format | None]
    #: the interest that a prefetch serves
    subject: NotRequired[str | None]
    #: images and clips of one's own, for the scenes
    footage: NotRequired[list[Footage]]
    #: the project that it comes from
    project_id: NotRequired[str | None]
    #: of a project: taken as it is. None: one is written
    script: NotRequired[Script | None]
    #: of a project: how its scenes are made
    regeneration: NotRequired[Regeneration | None]
    #: what a prefetch follows from
    trigger: NotRequired[Trigger | None]
    #: when its viewer is expected to come to what is made ahead
    needed_us: NotRequired[int | None]
    ts_us: int


class Refresh(TypedDict):
    """Go on with this token of `POST /v1/sessions`: the one of before is about to expire."""

    type: Literal["refresh"]
    access: str


class Regeneration(TypedDict):
    """Why and how a video is made once more. It travels from the request to the scenes."""

    base_revision: int
    take: NotRequired[Take]
    scenes: NotRequired[list[SceneTake]]
    #: earlier revisions that are still being made are dropped
    instead: NotRequired[bool]


class RejectedFrame(TypedDict):
    """A prompt did not pass. To its owner and to those who watch it."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    video_id: str
    #: partition and offset in `video-events`
    at: list[int]
    type: Literal["rejected"]
    revision: int
    stage: str
    reason: str
    category: str


class RenderOrdered(TypedDict):
    """The video, or its next revision, was asked for. Complete: with it alone it can be made."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    video_id: str
    revision: int
    idea: Idea
    script: Script
    #: how its scenes are made
    regeneration: Regeneration


class RenderProgress(TypedDict):
    """A stage of a video is `fraction` done."""

    video_id: str
    revision: NotRequired[int]
    stage: Stage
    scene_number: NotRequired[int | None]
    scene_count: NotRequired[int | None]
    fraction: float
    #: seconds until the stage is expected to be done
    left_s: NotRequired[float | None]
    #: a small JPEG, base64
    preview: NotRequired[str | None]
    ts_us: int


class RenderScene(TypedDict):
    """Speak and draw one scene."""

    video_id: str
    revision: NotRequired[int]
    origin: Origin
    lane: Lane
    flavor: str
    #: in place of the flavor's
    format: NotRequired[Format | None]
    #: personal data
    viewer_id: NotRequired[str | None]
    after_us: int
    #: when it should be done, for the scheduler
    deadline_us: NotRequired[int | None]
    #: the replay that asked for this revision
    replay_id: NotRequired[str | None]
    scene_id: str
    scene: Scene
    scene_count: int
    title: str
    language: str
    seed: int
    #: a speaker in place of the flavor's
    voice: NotRequired[str | None]
    #: a backend in place of the flavor's
    model: NotRequired[str | None]
    #: with few steps: the full one follows
    draft: NotRequired[bool]
    #: LoRAs in place of the flavor's
    styles: NotRequired[list[Style] | None]
    #: in place of the model's
    guidance: NotRequired[float | None]


class RenderWork(TypedDict):
    """What a generative model did for a scene, and how long each phase took: the cost model learns from it. Phases are seconds on the device, without the time spent waiting while others had it."""

    model: str
    width: int
    height: int
    frames: int
    steps: int
    #: eager, inductor, tensorrt; `tensorrt, vae inductor` where the VAE's decoder has another
    accelerator: str
    #: the step cache of its denoiser, with its numbers; empty: none
    cache: NotRequired[str]
    #: of its denoiser's layers, where it is not that of the weights: fp8
    precision: NotRequired[str]
    #: forward passes of a step, where its guidance makes others; 0: as usual
    passes: NotRequired[int]
    #: the chip, as its driver names it
    device: str
    #: scenes that were made together with it, itself included
    batch: NotRequired[int]
    #: from the start to the first step
    encode_s: NotRequired[float]
    #: median of the denoising steps; with a step cache, their mean
    step_s: NotRequired[float]
    #: from the last step to the pixels
    decode_s: NotRequired[float]
    #: the networks that its frames went through to become more and larger; empty: none
    post: NotRequired[str]
    #: frames that came out of them
    post_frames: NotRequired[int]
    #: in these networks, all frames together
    post_s: NotRequired[float]
    #: in the scheduler, before it began and while it was pre-empted
    waited_s: NotRequired[float]
    preemptions: NotRequired[int]


class Rendition(TypedDict):
    """The same video in another size."""

    artifact: Artifact
    #: pixels
    width: int
    #: pixels
    height: int


class RenditionCard(TypedDict):
    """The same video in another size."""

    video: str
    width: int
    height: int
    #: bytes
    size: int


class ReplayCancelled(TypedDict):
    """It will never go on. What it asked for before is still made."""

    replay_id: str
    ts_us: int
    by: str
    why: str


class ReplayFinished(TypedDict):
    """Everything that it concerns has been asked for or passed over."""

    replay_id: str
    ts_us: int
    requested: int
    skipped: int
    committed: Cost


class ReplayPaused(TypedDict):
    """It stands still and can be resumed."""

    replay_id: str
    ts_us: int
    by: str
    why: str


class ReplayProgressed(TypedDict):
    """So many of its videos have been asked for, or passed over, since it began."""

    replay_id: str
    ts_us: int
    requested: int
    skipped: int
    videos: int
    #: the estimate of what was requested
    committed: Cost


class ReplayResumed(TypedDict):
    """It goes on where it stood."""

    replay_id: str
    ts_us: int
    by: str
    #: a new budget, in place of the one before
    budget: NotRequired[float | None]


class ReplayStarted(TypedDict):
    """An operator began a replay. Its range ends where the log ended then, so that it means the same when resumed."""

    replay_id: str
    ts_us: int
    operator: str
    reason: str
    selection: Selection
    #: make new revisions; otherwise it only reads and counts
    regenerate: bool
    changes: NotRequired[Changes]
    #: requests a second, at most
    rate: float
    #: estimated cost of all requests, at most, in `currency`
    budget: NotRequired[float | None]
    currency: NotRequired[str]
    records: int
    #: that it concerns
    videos: int
    #: what they cost when they were made
    estimate: Cost


class Report(TypedDict):
    """What a viewer says about a video that they report."""

    reason: ReportReason
    detail: NotRequired[str]


#: Why a viewer reports a video.
ReportReason: TypeAlias = Literal["violence", "hate", "sexual", "self_harm", "misleading", "spam", "copyright", "privacy", "other"]


class ResyncFrame(TypedDict):
    """Frames are missing: fetch the feed again and go on with this token."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    type: Literal["resync"]
    #: started, token, log, ahead, expired, too_many
    reason: str


class RevisionDropped(TypedDict):
    """The revision will not be shown, and what is still at work on it stops. Its files stay, since other revisions may share them."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    by: str
    why: NotRequired[str]
    #: the revision that was asked for in its place
    overtaken_by: NotRequired[int | None]
    #: scenes that the later revision shows unchanged: work on these goes on
    needed: NotRequired[list[int]]


class RevisionFrame(TypedDict):
    """The making of a later revision ended, or that of any revision was given up. To those who watch the video, and may see how it comes to be; where the first one was dropped, to its owner, too. `dropped`, with `overtaken_by`: go on with the progress of that revision, in the same place. It is told as `video` where the one that it overtook would have been. Without it, nothing more comes of it."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    video_id: str
    #: partition and offset in `video-events`
    at: list[int]
    type: Literal["revision"]
    revision: int
    #: ready: it can be looked at, and promoted; dropped: given up before it was finished
    status: Literal["ready", "failed", "rejected", "dropped"]
    #: of `dropped`: the revision that is made in its place
    overtaken_by: NotRequired[int]
    reason: NotRequired[str]


class RevisionPromoted(TypedDict):
    """From now on this revision is what viewers see. Holds all of its VideoPublished, so that order does not matter."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    title: str
    subject: str
    archetype: str
    flavor: str
    origin: Origin
    #: personal data: for whom it was made
    viewer_id: NotRequired[str | None]
    video: Artifact
    cover: Artifact
    captions: NotRequired[Artifact | None]
    #: three silent seconds, small, made to be looped
    preview: NotRequired[Artifact | None]
    #: smaller ones, for slow networks
    renditions: NotRequired[list[Rendition]]
    #: WebVTT: a chapter for each scene
    chapters: NotRequired[Artifact | None]
    #: who made the footage in it, to be told
    credits: NotRequired[list[str]]
    #: what did not pass the quality gates at first
    fallbacks: NotRequired[list[Fallback]]
    duration_ms: int
    format: Format
    scene_count: int
    #: of the assembly alone
    cost: Cost
    #: of every stage
    total_cost: Cost
    #: the replay that asked for this revision
    replay_id: NotRequired[str | None]
    #: the video's place in the feeds: when it first entered them
    listed_us: int
    #: the full video, by itself: clients are told at once
    replaces_draft: NotRequired[bool]
    by: str
    why: NotRequired[str]


class RevisionRequested(TypedDict):
    """A video shall be made once more. Complete: with it alone, and the artefacts of before, the revision is made."""

    video_id: str
    revision: int
    base_revision: int
    #: what was asked for; the fields below are what follows from it
    changes: Changes
    #: numbers of the scenes; none: all of them
    redo: NotRequired[list[int]]
    operator: str
    reason: str
    #: the replay that asked, if it was one
    replay_id: NotRequired[str | None]
    lane: Lane
    text: str
    #: of the video, as it was first asked for
    origin: Origin
    #: personal data: for whom the video was made
    viewer_id: NotRequired[str | None]
    flavor: str
    archetype: NotRequired[str | None]
    target_seconds: NotRequired[float | None]
    #: in place of the flavor's
    format: NotRequired[Format | None]
    subject: NotRequired[str | None]
    regeneration: Regeneration
    #: when the video was first asked for; the same in each revision
    asked_us: NotRequired[int | None]
    #: taken as it is; none: one is written anew
    script: NotRequired[Script | None]
    #: images and clips of one's own, for the scenes
    footage: NotRequired[list[Footage]]
    ts_us: int


class Scene(TypedDict):
    """One beat of a script: what is said, what is seen, what stands on the screen."""

    scene_number: int
    #: its purpose in the archetype: hook, problem, turn, payoff …
    beat: str
    narration: str
    #: a picture description for generative renderers
    visuals: str
    on_screen_text: NotRequired[str]
    #: planned; the voice's real timing decides
    duration_s: float
    #: what is seen behind the words; none: the look alone
    footage: NotRequired[Footage | None]
    #: figures that are told in it: they are drawn in place of a look
    chart: NotRequired[Chart | None]
    #: nobody speaks; what would be said is read
    muted: NotRequired[bool]
    #: its number before it was moved: seed and look go by it. None: it was not
    first_number: NotRequired[int | None]


class SceneAdded(TypedDict):
    """A new scene; those behind it move on by one."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    scene: Scene


class SceneCommissioned(TypedDict):
    """A hosted generator has taken the job of a scene and will be paid for it. Told before it is asked how far it is. Whoever goes on with the scene, after a crash or elsewhere, waits for this job and buys no other."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    scene_id: str
    scene_number: int
    #: hash of what was asked for: equal orders are one job
    order: str
    #: rises where a job has failed and it was ordered again
    attempt: NotRequired[int]
    provider: str
    model: str
    #: the provider's id of it
    job: str
    #: the address that tells of it
    watch: NotRequired[str]
    #: the price by the manifest, whether or not the job succeeds
    cost: Cost


class SceneEdited(TypedDict):
    """A scene was changed: its words, its picture, its own footage, muted or not. Complete."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    scene: Scene
    take: NotRequired[Take]


class ScenePart(TypedDict):
    """A finished scene, as the assembly needs it."""

    scene_id: str
    scene_number: int
    clip: Artifact
    audio: Artifact | None
    words: list[Word]
    duration_ms: int
    #: what drew it
    backend: NotRequired[str]
    model: NotRequired[str]
    look: NotRequired[str]
    seed: NotRequired[int]
    #: version of the code that drew it
    code: NotRequired[str]
    #: what is really shown in it
    footage: NotRequired[Footage | None]
    renditions: NotRequired[list[Rendition]]


class SceneRedone(TypedDict):
    """The same scene shall be drawn differently."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    scene_number: int
    take: Take


class SceneRendered(TypedDict):
    """The picture of a scene is there. It carries the sound's address too, so that assembly needs no other event."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    scene_id: str
    scene_number: int
    scene_count: int
    clip: Artifact
    audio: Artifact | None
    words: list[Word]
    duration_ms: int
    backend: str
    model: str
    look: str
    seed: int
    #: version of the code that drew it
    code: str
    #: what is really shown in it: its own or a stock library's
    footage: NotRequired[Footage | None]
    #: the same clip, smaller
    renditions: NotRequired[list[Rendition]]
    fallbacks: NotRequired[list[Fallback]]
    #: of a generative model; none for what was drawn or reused
    work: NotRequired[RenderWork | None]
    #: of its pictures; none where nobody measured it
    quality: NotRequired[ClipQuality | None]
    reused: NotRequired[bool]
    cost: Cost


class SceneTake(TypedDict):
    """How one scene is made, in place of what holds for all."""

    flavor: NotRequired[str | None]
    #: the speaker's name
    voice: NotRequired[str | None]
    #: the backend that draws
    model: NotRequired[str | None]
    #: another number, another picture
    seed: NotRequired[int | None]
    #: LoRAs of a generative model, and how strong each is
    styles: NotRequired[list[Style] | None]
    #: how closely a generative model keeps to the prompt
    guidance: NotRequired[float | None]
    scene_number: int


class SceneVoiced(TypedDict):
    """The narration of a scene is spoken; its length decides the length of the scene."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    scene_id: str
    scene_number: int
    voice: str
    #: mono PCM in a WAV file; none: captions only
    audio: Artifact | None
    words: list[Word]
    duration_ms: int
    fallbacks: NotRequired[list[Fallback]]
    reused: NotRequired[bool]
    cost: Cost


class ScenesArranged(TypedDict):
    """The scenes have another order. A number that is left out is a scene that was taken out."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    #: the numbers of before
    order: list[int]


class Script(TypedDict):
    """A whole script. Its scenes are numbered from 1 without a gap."""

    title: str
    #: what it is about, in a few words; interests are kept by it
    subject: str
    archetype: str
    language: NotRequired[str]
    mood: NotRequired[str]
    scenes: list[Scene]


class ScriptDrafted(TypedDict):
    """The draft is there; nothing is rendered yet."""

    project_id: str
    #: of the project, once this has happened
    version: int
    #: personal data: whose project it is
    viewer_id: str
    ts_us: int
    script: Script
    writer: str
    fallbacks: NotRequired[list[Fallback]]
    cost: Cost


class ScriptWritten(TypedDict):
    """The script is there: scene tasks follow."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    script: Script
    writer: str
    origin: Origin
    lane: Lane
    flavor: str
    #: in place of the flavor's
    format: NotRequired[Format | None]
    #: personal data
    viewer_id: NotRequired[str | None]
    fallbacks: NotRequired[list[Fallback]]
    #: the answer came from the artefact cache
    reused: NotRequired[bool]
    #: videos whose sentences the writer was not to say again
    avoided: NotRequired[list[str]]
    cost: Cost
    #: of a later revision: how its scenes are made
    regeneration: NotRequired[Regeneration | None]
    #: when the video was first asked for; the same in each revision
    asked_us: NotRequired[int | None]
    #: when the video should be there, for the scheduler
    deadline_us: NotRequired[int | None]
    #: of a draft: the full video that follows is asked for with this
    upgrade: NotRequired[Upgrade | None]
    #: the replay that asked for this revision
    replay_id: NotRequired[str | None]


class Selection(TypedDict):
    """Which records a replay reads, and which videos it concerns. What is not set does not narrow it."""

    topics: NotRequired[list[str]]
    #: records from this time on
    since_ms: NotRequired[int | None]
    #: records before this time
    until_ms: NotRequired[int | None]
    #: in every partition
    first_offset: NotRequired[int | None]
    #: in every partition; itself included
    last_offset: NotRequired[int | None]
    types: NotRequired[list[str]]
    #: personal data: videos made for, and records of, this viewer
    viewer_id: NotRequired[str | None]
    videos: NotRequired[list[str]]
    flavor: NotRequired[str | None]
    #: drew at least one scene of the video
    model: NotRequired[str | None]
    #: class, stage, or part of the reason
    failure: NotRequired[str | None]


#: Where a video is, or where it failed.
Stage: TypeAlias = Literal["moderation", "script", "voice", "scene", "assembly"]


class Style(TypedDict):
    """A LoRA of a generative model, by the name that its manifest gives it."""

    name: str
    #: 0: not at all; 1: as it was trained
    weight: NotRequired[float]


class SwipeRecorded(TypedDict):
    """A viewer watched, skipped, liked … a video. `subject` and `archetype` are what the video was about, stamped when the swipe was accepted: interests can then be computed from this topic alone."""

    #: personal data
    viewer_id: str
    video_id: str
    action: SwipesAction
    watched_ms: NotRequired[int]
    #: of the video; 0 when unknown
    duration_ms: NotRequired[int]
    #: place in the feed when it was shown
    position: NotRequired[int | None]
    subject: NotRequired[str | None]
    archetype: NotRequired[str | None]
    #: where the action is `reported`, if they said why
    report: NotRequired[Report | None]
    ts_us: int


#: What a viewer did.
SwipesAction: TypeAlias = Literal["watched", "skipped", "liked", "unliked", "shared", "not_interested", "reported"]


class Take(TypedDict):
    """How a scene is made, where it differs from what the video's flavor and the seed of its id say."""

    flavor: NotRequired[str | None]
    #: the speaker's name
    voice: NotRequired[str | None]
    #: the backend that draws
    model: NotRequired[str | None]
    #: another number, another picture
    seed: NotRequired[int | None]
    #: LoRAs of a generative model, and how strong each is
    styles: NotRequired[list[Style] | None]
    #: how closely a generative model keeps to the prompt
    guidance: NotRequired[float | None]


class Trigger(TypedDict):
    """What a viewer did, or was served, that a prefetch follows from; its id is the prompt's causation."""

    #: SwipeRecorded or FeedServed
    type: str
    #: that was swiped
    video_id: NotRequired[str | None]
    action: NotRequired[str | None]
    watched_ms: NotRequired[int | None]
    ts_us: int


class Unwatch(TypedDict):
    """Tell it no longer."""

    type: Literal["unwatch"]
    video_id: str


class Upgrade(TypedDict):
    """A draft will be followed by the same video in full: the prompt with which that revision is asked for."""

    text: str
    archetype: NotRequired[str | None]
    target_seconds: NotRequired[float | None]
    subject: NotRequired[str | None]


class VideoCard(TypedDict):
    """A video that can be played."""

    video_id: str
    revision: int
    title: str
    subject: str
    archetype: str
    flavor: str
    origin: str
    duration_ms: int
    width: int
    height: int
    media: Media
    #: who made the footage in it, to be told
    credits: NotRequired[list[str]]
    published_at: str
    #: why it is in this viewer's feed: made_for_you, interest, fresh …
    reason: NotRequired[str | None]


class VideoFailed(TypedDict):
    """The video will not appear."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    stage: Stage
    #: class of the error
    error: str
    reason: str
    origin: Origin
    #: personal data
    viewer_id: NotRequired[str | None]
    attempts: NotRequired[int]
    #: what was made all the same, and why it failed
    debug: NotRequired[list[Artifact]]
    #: the replay that asked for this revision
    replay_id: NotRequired[str | None]


class VideoFrame(TypedDict):
    """A video can be watched."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    video_id: str
    #: partition and offset in `video-events`
    at: list[int]
    type: Literal["video"]
    card: VideoCard
    #: for whom it was made; `another` is told in the lobby, and to those who watch it
    audience: Literal["you", "another", "everyone"]


class VideoPublished(TypedDict):
    """The video can be watched. A revision after the first is a candidate: nobody sees it until it is promoted."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    title: str
    subject: str
    archetype: str
    flavor: str
    origin: Origin
    #: personal data: for whom it was made
    viewer_id: NotRequired[str | None]
    video: Artifact
    cover: Artifact
    captions: NotRequired[Artifact | None]
    #: three silent seconds, small, made to be looped
    preview: NotRequired[Artifact | None]
    #: smaller ones, for slow networks
    renditions: NotRequired[list[Rendition]]
    #: WebVTT: a chapter for each scene
    chapters: NotRequired[Artifact | None]
    #: who made the footage in it, to be told
    credits: NotRequired[list[str]]
    #: what did not pass the quality gates at first
    fallbacks: NotRequired[list[Fallback]]
    duration_ms: int
    format: Format
    scene_count: int
    #: of the assembly alone
    cost: Cost
    #: of every stage
    total_cost: Cost
    #: the replay that asked for this revision
    replay_id: NotRequired[str | None]
    #: the joined video came from the artefact cache
    reused: NotRequired[bool]
    #: its scenes are drafts: a revision in full will take its place by itself
    draft: NotRequired[bool]


class VideoWithdrawn(TypedDict):
    """The video leaves every feed: this revision, and all before it. A later one is seen again when it is promoted."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    reason: str
    by: str


class ViewerForgotten(TypedDict):
    """A viewer was erased. Nobody can say any more who that was: `viewer_id` is a pseudonym whose key is destroyed. Every reader leaves out, or deletes, what it holds of this pseudonym up to `until_us`; whatever the order in which it reads."""

    viewer_id: str
    ts_us: int
    #: nothing tells of the pseudonym before this moment
    since_us: int
    #: what is stamped up to then is gone: a little later than ts_us
    until_us: int
    #: the operator who did it
    by: str
    why: NotRequired[str]


class Watch(TypedDict):
    """Tell the progress of a video."""

    type: Literal["watch"]
    video_id: str


class WelcomeFrame(TypedDict):
    """The answer to a hello."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    type: Literal["welcome"]
    protocol: Literal[1]
    #: nothing was missed: what follows are the frames since the token
    resumed: bool
    #: how many frames follow from before this connection
    replayed: int
    #: a beat comes at least this often, in seconds, while nothing else does
    beat_s: float
    #: false while the event log is not being read
    live: bool


class WithdrawnFrame(TypedDict):
    """A video is taken out of every feed."""

    #: opaque; give the newest one to `hello.resume` after a reconnect
    token: NotRequired[str]
    video_id: str
    #: partition and offset in `video-events`
    at: list[int]
    type: Literal["withdrawn"]
    revision: int


class Word(TypedDict):
    """One spoken word of the script, and when it is heard within its scene."""

    text: str
    start_ms: int
    end_ms: int


class WorkStopped(TypedDict):
    """Work on a revision was given up half-way, since nobody wants it any more."""

    video_id: str
    revision: NotRequired[int]
    ts_us: int
    stage: Stage
    scene_id: NotRequired[str | None]
    scene_number: NotRequired[int | None]
    #: how far it was
    fraction: float
    why: str
    #: of what was thrown away
    cost: Cost


class WriteScript(TypedDict):
    """Write a script for a prompt, or have one judged that came along."""

    video_id: str
    revision: NotRequired[int]
    origin: Origin
    lane: Lane
    flavor: str
    #: in place of the flavor's
    format: NotRequired[Format | None]
    #: personal data
    viewer_id: NotRequired[str | None]
    after_us: int
    #: when it should be done, for the scheduler
    deadline_us: NotRequired[int | None]
    #: the replay that asked for this revision
    replay_id: NotRequired[str | None]
    text: str
    archetype: NotRequired[str | None]
    target_seconds: NotRequired[float | None]
    subject: NotRequired[str | None]
    #: images and clips of one's own, for the scenes
    footage: NotRequired[list[Footage]]
    #: of a later revision: how its scenes are made
    regeneration: NotRequired[Regeneration | None]
    #: when the video was first asked for; the same in each revision
    asked_us: NotRequired[int | None]
    #: the script is a draft of this project, nothing is rendered
    project_id: NotRequired[str | None]
    #: of the project that asks for the draft
    project_version: NotRequired[int]
    #: one that is there already: it is judged, and kept as it is
    script: NotRequired[Script | None]
    #: of a draft: the full video that follows is asked for with this
    upgrade: NotRequired[Upgrade | None]


GatewayRequest: TypeAlias = Hello | Watch | Unwatch | Lobby | Refresh

GatewayFrame: TypeAlias = WelcomeFrame | ResyncFrame | BeatFrame | ErrorFrame | VideoFrame | WithdrawnFrame | AcceptedFrame | RejectedFrame | FailedFrame | ProgressFrame | RevisionFrame | CloseFrame
