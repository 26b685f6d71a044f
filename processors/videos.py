"""Videos: a script fans out into scene tasks; when the last scene is there, the assembly task follows.

Several revisions of a video may be under way at a time: each has its own work.
"""

from __future__ import annotations

from processors import drafts, overtaking
from processors.decision import SOURCE, Decision, Effect, Processor, State
from processors.drafts import full
from processors.overtaking import overtake, scene_fields
from processors.works import Work, Works, works
from schemas import base, ids
from schemas.envelope import Envelope, caused_by
from schemas.feeds import Outcome, PrefetchSettled
from schemas.tasks import AssembleVideo, RenderScene, ScenePart, VideoTask
from schemas.topics import lane_topic
from schemas.values import Origin
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
from schemas.works import Cost


def decide(event: Envelope[base.Message], state: State, _now_us: int) -> Decision:
    """See the table in docs/explanation/event-flow.md; anything else leaves the state as it is."""
    data = event.data
    if not isinstance(data, VideoEvent):
        return Decision(state=state)
    before = works(state)
    if isinstance(data, VideoPublished):
        return _published(event, data, before)
    if isinstance(data, RevisionDropped | VideoWithdrawn):
        return _unwanted(event, data, before)
    if isinstance(data, RevisionPromoted):
        return Decision(state=Works(works=before.works).state() if before.fulls else state)
    if isinstance(data, VideoFailed | PromptRejected):
        # The state stays: a scene that is redriven from the dead letters can still complete the video.
        return Decision(state=state, effects=_settle(event, data, data))
    found = _advance(event, before.works.get(data.revision))
    if found is None:
        return Decision(state=state)
    work, effects = found
    after, drops = before.with_(work), tuple[Effect, ...]()
    if isinstance(data, ScriptWritten):
        after, drops = overtake(event, data, after)
    return Decision(state=after.state(), effects=(*drops, *effects))


def _unwanted(event: Envelope[base.Message], data: RevisionDropped | VideoWithdrawn, before: Works) -> Decision:
    """What was being made of it is forgotten. Where somebody decided so, nothing is shown by itself any more."""
    alone = isinstance(data, RevisionDropped)
    gone = [n for n in before.works if n == data.revision or (not alone and n < data.revision)]
    after = before.without(*gone)
    if not (isinstance(data, RevisionDropped) and data.overtaken_by):
        after = Works(works=after.works)
    ended = (before.works[n] for n in gone)
    return Decision(state=after.state(), effects=tuple(it for work in ended for it in _settle(event, data, work)))


def _published(event: Envelope[base.Message], data: VideoPublished, before: Works) -> Decision:
    """A draft is followed by the full video, which takes its place when it is published."""
    after, effects = _published_first(data, before.without(data.revision)), _settle(event, data, data, Outcome.READY)
    work, listed_us = before.works.get(data.revision), before.fulls.get(data.revision)
    if work and work.upgrade:
        # A draft that is told again, after its script was, asks for the revision that it asked for before.
        asked = (number for number, at in before.fulls.items() if at == data.ts_us)
        number = next(asked, max(before.works) + 1)
        after = Works(works=after.works, fulls={number: data.ts_us})
        wanted = full(event, data, _common(data, work), work.script, number, work.upgrade, work.asked_us)
        effects = (*effects, wanted)
    elif listed_us is not None:
        instead = bool(work and work.regeneration and work.regeneration.instead)
        by, why = (overtaking.BY, overtaking.SHOWN) if instead else (drafts.BY, drafts.WHY)
        effects = (*effects, overtaking.promoted(event, data, listed_us, work.last_us if work else 0, by, why))
    return Decision(state=after.state(), effects=effects)


def _published_first(data: VideoPublished, after: Works) -> Works:
    """It was finished all the same before its work could be stopped: what was made instead takes its place."""
    if data.revision > 1:
        return after
    return Works(works=after.works, fulls={number: at or data.ts_us for number, at in after.fulls.items()})


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
    # Of two scripts of a revision (a prompt made ahead twice, by a crash) the first counts: a video has one story.
    tasks = tuple(_scene_task(event, data, work, index) for index in range(len(work.script.scenes)))
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
    scene = work.script.scenes[index]
    task = RenderScene(
        **_common(data, work).model_dump() | scene_fields(data.video_id, work, scene),
        scene_id=ids.scene_id(data.video_id, data.revision, scene.scene_number),
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
    event: Envelope[base.Message], data: VideoEvent, made: VideoPublished | VideoFailed | PromptRejected | Work,
    outcome: Outcome = Outcome.FAILED,
) -> tuple[Effect, ...]:  # fmt: skip
    """Tell the viewer for whom it was made ahead. They know nothing of later revisions."""
    if made.origin != Origin.PREFETCH or made.viewer_id is None or made.revision > 1:
        return ()
    settled = PrefetchSettled(viewer_id=made.viewer_id, ts_us=data.ts_us, video_id=data.video_id, outcome=outcome)
    return ((caused_by(event, settled, source=SOURCE, step="settled"), None),)


VIDEOS = Processor(name="videos", topics=("video-events",), decide=decide, table="video-state", ordered=True)
