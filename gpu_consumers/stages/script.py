"""Script tasks: a prompt becomes a script, by the first writer of the flavor that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from gpu_consumers.cost import Meter
from gpu_consumers.errors import RefusedError
from gpu_consumers.footage.spread import spread
from gpu_consumers.ports import Brief
from gpu_consumers.script.chain import WriterChain
from gpu_consumers.script.memory import Memory
from gpu_consumers.stages import gate
from gpu_consumers.workshop import SOURCE, CacheKind, Workshop
from infra import flavors
from infra.storage.artifacts import fingerprint
from schemas import base, ids
from schemas.envelope import Envelope, caused_by
from schemas.projects import ScriptDrafted
from schemas.tasks import WriteScript
from schemas.values import Origin, Script
from schemas.videos import Fallback, Judged, ScriptWritten, Stage, VideoEvent, VideoFailed

#: Stands for all viewers; no viewer can be named so.
EVERYONE = "*"


class Written(BaseModel):
    """What the index keeps of a script."""

    script: Script
    writer: str
    fallbacks: tuple[Fallback, ...]


def work(shop: Workshop, cause: Envelope[WriteScript]) -> list[Envelope[base.Message]]:
    """ContentJudged, then ScriptWritten or VideoFailed; ScriptDrafted for a project. Raises BackendError."""
    task, meter, tell = cause.data, Meter(shop.settings), shop.progress(cause, Stage.SCRIPT)
    tell(0.0, None)
    flavor = flavors.get_flavor(task.flavor)
    judged = gate.told(cause, Judged.PROMPT, gate.on_prompt(task.text, flavor), task.after_us)
    if gate.refused(judged):
        return _ended(task, judged)
    brief = Brief(
        prompt=task.text,
        archetype=task.archetype,
        target_seconds=task.target_seconds or flavor.target_seconds,
        language=flavor.language,
        seed=ids.seed(_seeded(task)),
    )
    memory, listeners, video = Memory(shop.index), _listeners(task), f"{task.video_id}/{task.revision}"
    heard = [memory.heard(listener).before(video) for listener in listeners]
    brief = replace(brief, heard=tuple(sorted({mark for each in heard for mark in each.marks})))
    chain = WriterChain.of(flavor)
    key = fingerprint(kind="script", brief=vars(brief), writers=chain.fingerprint())
    kept = shop.remembered(key, Written)
    written = kept or _write(chain, brief)
    if not kept:
        shop.remember(key, written, CacheKind.SCRIPT)
    judged += gate.told(cause, Judged.SCRIPT, gate.on_script(written.script, flavor), _last(judged, task.after_us))
    if gate.refused(judged):
        return _ended(task, judged)
    for listener in listeners[:1]:
        memory.learn(listener, video, written.script)
    script = spread(written.script.model_copy(update={"subject": task.subject} if task.subject else {}), task.footage)
    if task.project_id:
        draft = ScriptDrafted(
            **of_project(task),
            script=script,
            writer=written.writer,
            fallbacks=written.fallbacks,
            cost=meter.read(),
        )
        return [caused_by(cause, draft, source=SOURCE, step="script-drafted")]
    data = ScriptWritten(
        video_id=task.video_id,
        revision=task.revision,
        ts_us=base.rising(_last(judged, task.after_us)),
        script=script,
        writer=written.writer,
        origin=task.origin,
        lane=task.lane,
        flavor=task.flavor,
        format=task.format,
        viewer_id=task.viewer_id,
        fallbacks=written.fallbacks,
        reused=kept is not None,
        cost=meter.read(),
        avoided=tuple(sorted({video_id for each in heard for video_id in each.videos})),
        regeneration=task.regeneration,
        asked_us=task.asked_us,
        replay_id=task.replay_id,
    )
    return [*judged, caused_by(cause, data, source=SOURCE, step="script-written")]


def _ended(task: WriteScript, judged: list[Envelope[base.Message]]) -> list[Envelope[base.Message]]:
    """A project has no video yet that could fail: its draft does. Raises `RefusedError` for one."""
    if task.project_id:
        raise RefusedError(next(event.data.reason for event in judged if isinstance(event.data, VideoFailed)))
    return judged


def _last(events: Sequence[Envelope[base.Message]], after_us: int) -> int:
    """The highest timestamp so far."""
    return max((event.data.ts_us for event in events if isinstance(event.data, VideoEvent)), default=after_us)


def _listeners(task: WriteScript) -> list[str]:
    """Who will hear it, and whose videos they hear as well: starters are for everyone. May be nobody."""
    if task.viewer_id:
        return [task.viewer_id, EVERYONE]
    return [EVERYONE] if task.origin == Origin.STARTER else []


def _seeded(task: WriteScript) -> str:
    """Another draft of the same idea is another script."""
    return f"{task.video_id}/draft-{task.project_version}" if task.project_version > 1 else task.video_id


def of_project(task: WriteScript) -> dict[str, Any]:
    """What the answer to a draft carries: the version that follows the one that asked."""
    return {
        "project_id": task.project_id,
        "version": task.project_version + 1,
        "viewer_id": task.viewer_id,
        "ts_us": base.rising(task.after_us),
    }


def _write(chain: WriterChain, brief: Brief) -> Written:
    result = chain.write(brief)
    return Written(script=result.script, writer=result.writer, fallbacks=result.fallbacks)
