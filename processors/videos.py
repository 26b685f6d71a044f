"""Videos: a script fans out into scene tasks; when the last scene is there, the assembly task follows.

Several revisions of a video may be under way at a time: each has its own work.
"""

from __future__ import annotations

from pydantic import Field

from processors.decision import SOURCE, Decision, Effect, Processor, State
from processors.drafts import full, promoted
from schemas import base, ids
from schemas.base import Contract
from schemas.envelope import Envelope, caused_by
from schemas.feeds import Outcome, PrefetchSettled
from schemas.tasks import AssembleVideo, RenderScene, ScenePart, VideoTask
from schemas.topics import lane_topic
from schemas.values import Cost, Format, Lane, Origin, Regeneration, Script, Take, Upgrade
from schemas.videos import (
    PromptRejected,
    RevisionDropped,
    RevisionPromoted,
    SceneCommissioned,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    VideoEvent,
    VideoFailed,
    VideoPublished,
    VideoWithdrawn,
)


class Work(Contract):
    """What is known of a video while it is made. Costs are kept by step, so that a duplicate adds nothing."""

    revision: int
    origin: Origin
    lane: Lane
    flavor: str
    format: Format | None = None
    viewer_id: str | None
    script: Script
    parts: dict[int, ScenePart] = Field(default_factory=dict)
    costs: dict[str, Cost] = Field(default_factory=dict)
    last_us: int
    regeneration: Regeneration | None = None
    replay_id: str | None = None
    asked_us: int | None = None
    deadline_us: int | None = None
    upgrade: Upgrade | None = None

    @property
    def complete(self) -> bool:
        """Whether every scene of the script is there."""
        return all(scene.scene_number in self.parts for scene in self.script.scenes)


class Works(Contract):
    """What is being made of one video, by revision. `fulls`: which of them take the place of a draft, and since when
    that stands in the feeds."""

    works: dict[int, Work] = Field(default_factory=dict)
    fulls: dict[int, int] = Field(default_factory=dict)

    def with_(self, work: Work) -> Works:
        """The same with what is now known of one revision."""
        return Works(works=self.works | {work.revision: work}, fulls=self.fulls)

    def without(self, revision: int) -> Works:
        """The same without a revision that is finished."""
        works, fulls = ({n: it for n, it in kept.items() if n != revision} for kept in (self.works, self.fulls))
        return Works.model_validate({"works": works, "fulls": fulls})

    def state(self) -> State:
        """As it is kept; None when nothing is under way."""
        return self.model_dump_json().encode() if self.works or self.fulls else None


def works(state: State) -> Works:
    """What is kept. States of before there were revisions hold the one work alone."""
    if not state:
        return Works()
    found = Works.model_validate_json(state)
    return found if found.works or found.fulls else Works().with_(Work.model_validate_json(state))


def decide(event: Envelope[base.Message], state: State, _now_us: int) -> Decision:
    """See the table in docs/explanation/event-flow.md; anything else leaves the state as it is."""
    data = event.data
    if not isinstance(data, VideoEvent):
        return Decision(state=state)
    before = works(state)
    if isinstance(data, VideoPublished):
        return _published(event, data, before)
    if isinstance(data, RevisionPromoted | RevisionDropped | VideoWithdrawn):
        # Somebody has decided what viewers see.
        return Decision(state=Works(works=before.works).state() if before.fulls else state)
    if isinstance(data, VideoFailed | PromptRejected):
        # The state stays: a scene that is redriven from the dead letters can still complete the video.
        return Decision(state=state, effects=_settle(event, data, Outcome.FAILED))
    found = _advance(event, before.works.get(data.revision))
    if found is None:
        return Decision(state=state)
    work, effects = found
    return Decision(state=before.with_(work).state(), effects=effects)


def _published(event: Envelope[base.Message], data: VideoPublished, before: Works) -> Decision:
    """A draft is followed by the full video, which takes its place when it is published."""
    after, effects = before.without(data.revision), _settle(event, data, Outcome.READY)
    work, listed_us = before.works.get(data.revision), before.fulls.get(data.revision)
    if work and work.upgrade:
        number = max(before.works) + 1
        after = Works(works=after.works, fulls={number: data.ts_us})
        wanted = full(event, data, _common(data, work), work.script, number, work.upgrade, work.asked_us)
        effects = (*effects, wanted)
    elif listed_us is not None:
        effects = (*effects, promoted(event, data, listed_us, work.last_us if work else 0))
    return Decision(state=after.state(), effects=effects)


#: The work after an event, and what follows from it.
Step = tuple[Work, tuple[Effect, ...]]


def _advance(event: Envelope[base.Message], work: Work | None) -> Step | None:
    """None: the event says nothing of the work."""
    data = event.data
    if isinstance(data, ScriptWritten):
        return _scripted(event, data, work)
    if isinstance(data, SceneVoiced) and work:
        return _add(work, data, f"voice-{data.scene_number}", data.cost), ()
    if isinstance(data, SceneCommissioned) and work:
        return _add(work, data, f"job-{data.order[:16]}-{data.attempt}", data.cost), ()
    if isinstance(data, SceneRendered) and work:
        return _rendered(event, data, work)
    return None


def _scripted(event: Envelope[base.Message], data: ScriptWritten, work: Work | None) -> Step:
    work = work or Work(
        revision=data.revision,
        origin=data.origin,
        lane=data.lane,
        flavor=data.flavor,
        format=data.format,
        viewer_id=data.viewer_id,
        script=data.script,
        last_us=data.ts_us,
        regeneration=data.regeneration,
        replay_id=data.replay_id,
        asked_us=data.asked_us,
        deadline_us=data.deadline_us,
        upgrade=data.upgrade,
    )
    work = _add(work, data, "script", data.cost)
    tasks = tuple(_scene_task(event, data, work, index) for index in range(len(data.script.scenes)))
    return work, tasks


def _rendered(event: Envelope[base.Message], data: SceneRendered, work: Work) -> Step:
    part = ScenePart.model_validate(data.model_dump())
    work = _add(work, data, f"scene-{data.scene_number}", data.cost)
    work = work.model_copy(update={"parts": work.parts | {data.scene_number: part}})
    return work, ((_assembly_task(event, data, work),) if work.complete else ())


def _add(work: Work, data: VideoEvent, step: str, cost: Cost) -> Work:
    return work.model_copy(
        update={"costs": work.costs | {step: cost}, "last_us": max(work.last_us, data.ts_us)},
    )


def _common(data: VideoEvent, work: Work) -> VideoTask:
    return VideoTask(
        video_id=data.video_id,
        revision=data.revision,
        origin=work.origin,
        lane=work.lane,
        flavor=work.flavor,
        format=work.format,
        viewer_id=work.viewer_id,
        after_us=work.last_us,
        deadline_us=work.deadline_us,
        replay_id=work.replay_id,
    )


def _scene_task(event: Envelope[base.Message], data: ScriptWritten, work: Work, index: int) -> Effect:
    scene = data.script.scenes[index]
    take = work.regeneration.for_scene(scene.scene_number) if work.regeneration else Take()
    task = RenderScene(
        **_common(data, work).model_dump() | {"flavor": take.flavor or work.flavor},
        scene_id=ids.scene_id(data.video_id, data.revision, scene.scene_number),
        scene=scene,
        scene_count=len(data.script.scenes),
        title=data.script.title,
        language=data.script.language,
        seed=ids.scene_seed(data.video_id, scene.drawn_as, take.seed),
        voice=take.voice,
        model=take.model,
        draft=work.upgrade is not None,
    )
    return caused_by(event, task, source=SOURCE, step="scene-task", index=index), lane_topic(work.lane)


def _assembly_task(event: Envelope[base.Message], data: SceneRendered, work: Work) -> Effect:
    task = AssembleVideo(
        **_common(data, work).model_dump(),
        script=work.script,
        parts=tuple(work.parts[scene.scene_number] for scene in work.script.scenes),
        cost=sum(work.costs.values(), Cost()),
        asked_us=work.asked_us,
        draft=work.upgrade is not None,
    )
    # Not by the scene that came last, or came once more: a revision is assembled once.
    own = ids.derive(data.video_id, "assembly", data.revision)
    return caused_by(event, task, source=SOURCE, step="assembly-task", event_id=own), None


def _settle(
    event: Envelope[base.Message], data: VideoPublished | VideoFailed | PromptRejected, outcome: Outcome
) -> tuple[Effect, ...]:
    """Tell the viewer for whom it was made ahead. They know nothing of later revisions."""
    if data.origin != Origin.PREFETCH or data.viewer_id is None or data.revision > 1:
        return ()
    settled = PrefetchSettled(viewer_id=data.viewer_id, ts_us=data.ts_us, video_id=data.video_id, outcome=outcome)
    return ((caused_by(event, settled, source=SOURCE, step="settled"), None),)


VIDEOS = Processor(name="videos", topics=("video-events",), decide=decide, table="video-state", ordered=True)
