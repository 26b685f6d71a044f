"""Videos: a script fans out into scene tasks; when the last scene is there, the assembly task follows."""

from __future__ import annotations

from pydantic import Field

from processors.decision import SOURCE, Decision, Effect, Processor, State
from schemas import base, ids
from schemas.base import Contract
from schemas.envelope import Envelope, caused_by
from schemas.feeds import Outcome, PrefetchSettled
from schemas.tasks import AssembleVideo, RenderScene, ScenePart, VideoTask
from schemas.topics import lane_topic
from schemas.values import Cost, Lane, Origin, Script
from schemas.videos import (
    PromptRejected,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    VideoEvent,
    VideoFailed,
    VideoPublished,
)


class Work(Contract):
    """What is known of a video while it is made. Costs are kept by step, so that a duplicate adds nothing."""

    revision: int
    origin: Origin
    lane: Lane
    flavor: str
    viewer_id: str | None
    script: Script
    parts: dict[int, ScenePart] = Field(default_factory=dict)
    costs: dict[str, Cost] = Field(default_factory=dict)
    last_us: int

    @property
    def complete(self) -> bool:
        """Whether every scene of the script is there."""
        return all(scene.scene_number in self.parts for scene in self.script.scenes)


def decide(event: Envelope[base.Message], state: State, _now_us: int) -> Decision:
    """See the table in docs/explanation/event-flow.md; anything else leaves the state as it is."""
    data = event.data
    work = Work.model_validate_json(state) if state else None
    if isinstance(data, ScriptWritten):
        return _scripted(event, data, work)
    if isinstance(data, SceneVoiced) and work:
        return _keep(_add(work, data, f"voice-{data.scene_number}", data.cost))
    if isinstance(data, SceneRendered) and work:
        return _rendered(event, data, work)
    if isinstance(data, VideoPublished):
        return Decision(effects=_settle(event, data, Outcome.READY))
    if isinstance(data, VideoFailed | PromptRejected):
        # The state stays: a scene that is redriven from the dead letters can still complete the video.
        return Decision(state=state, effects=_settle(event, data, Outcome.FAILED))
    return Decision(state=state)


def _scripted(event: Envelope[base.Message], data: ScriptWritten, work: Work | None) -> Decision:
    work = work or Work(
        revision=data.revision,
        origin=data.origin,
        lane=data.lane,
        flavor=data.flavor,
        viewer_id=data.viewer_id,
        script=data.script,
        last_us=data.ts_us,
    )
    work = _add(work, data, "script", data.cost)
    tasks = tuple(_scene_task(event, data, work, index) for index in range(len(data.script.scenes)))
    return _keep(work, *tasks)


def _rendered(event: Envelope[base.Message], data: SceneRendered, work: Work) -> Decision:
    part = ScenePart.model_validate(data.model_dump())
    work = _add(work, data, f"scene-{data.scene_number}", data.cost)
    work = work.model_copy(update={"parts": work.parts | {data.scene_number: part}})
    return _keep(work, _assembly_task(event, data, work)) if work.complete else _keep(work)


def _add(work: Work, data: VideoEvent, step: str, cost: Cost) -> Work:
    return work.model_copy(
        update={"costs": work.costs | {step: cost}, "last_us": max(work.last_us, data.ts_us)},
    )


def _keep(work: Work, *effects: Effect) -> Decision:
    return Decision(state=work.model_dump_json().encode(), effects=effects)


def _common(data: VideoEvent, work: Work) -> VideoTask:
    return VideoTask(
        video_id=data.video_id,
        revision=data.revision,
        origin=work.origin,
        lane=work.lane,
        flavor=work.flavor,
        viewer_id=work.viewer_id,
        after_us=work.last_us,
    )


def _scene_task(event: Envelope[base.Message], data: ScriptWritten, work: Work, index: int) -> Effect:
    scene = data.script.scenes[index]
    scene_id = ids.scene_id(data.video_id, data.revision, scene.scene_number)
    task = RenderScene(
        **_common(data, work).model_dump(),
        scene_id=scene_id,
        scene=scene,
        scene_count=len(data.script.scenes),
        title=data.script.title,
        language=data.script.language,
        seed=ids.seed(scene_id),
    )
    return caused_by(event, task, source=SOURCE, step="scene-task", index=index), lane_topic(work.lane)


def _assembly_task(event: Envelope[base.Message], data: SceneRendered, work: Work) -> Effect:
    task = AssembleVideo(
        **_common(data, work).model_dump(),
        script=work.script,
        parts=tuple(work.parts[scene.scene_number] for scene in work.script.scenes),
        cost=sum(work.costs.values(), Cost()),
    )
    return caused_by(event, task, source=SOURCE, step="assembly-task"), None


def _settle(
    event: Envelope[base.Message], data: VideoPublished | VideoFailed | PromptRejected, outcome: Outcome
) -> tuple[Effect, ...]:
    """Tell the viewer for whom it was made ahead."""
    if data.origin != Origin.PREFETCH or data.viewer_id is None:
        return ()
    settled = PrefetchSettled(viewer_id=data.viewer_id, ts_us=data.ts_us, video_id=data.video_id, outcome=outcome)
    return ((caused_by(event, settled, source=SOURCE, step="settled"), None),)


VIDEOS = Processor(name="videos", topics=("video-events",), decide=decide, table="video-state", ordered=True)
