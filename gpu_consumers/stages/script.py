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
from gpu_consumers.stages.fallbacks import count_fallbacks
from gpu_consumers.workshop import SOURCE, CacheKind, Workshop
from infra import flavors
from infra.flavors import Flavor
from infra.storage.artifacts import fingerprint
from schemas import base, ids
from schemas.envelope import Envelope, caused_by
from schemas.projects import ScriptDrafted
from schemas.scripts import Script
from schemas.tasks import WriteScript
from schemas.values import Origin
from schemas.videos import Fallback, Judged, ScriptWritten, Stage, VideoEvent, VideoFailed
from schemas.works import Cost

#: Named as the writer of a script that came along.
KEPT = "kept"
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
    if task.script is not None:
        return [*judged, *_kept(cause, task.script, flavor, _last(judged, task.after_us))]
    brief = Brief(
        prompt=task.text,
        archetype=task.archetype,
        target_seconds=task.target_seconds or flavor.target_seconds,
        language=flavor.language,
        seed=ids.seed(_seeded(task)),
        asked=task.origin not in (Origin.STARTER, Origin.PREFETCH),
    )
    memory, listeners, video = Memory(shop.index), _listeners(task), f"{task.video_id}/{task.revision}"
    heard = [memory.heard(listener).before(video) for listener in listeners]
    brief = replace(brief, heard=tuple(sorted({mark for each in heard for mark in each.marks})))
    chain = WriterChain.of(flavor)
    key = fingerprint(kind="script", brief=vars(brief), writers=chain.fingerprint())
    kept = shop.remembered(key, Written)
    written = kept or _write(chain, brief)
    if not kept:
        count_fallbacks(Stage.SCRIPT, written.fallbacks)
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
        **_of_video(task, _last(judged, task.after_us)),
        script=script,
        writer=written.writer,
        fallbacks=written.fallbacks,
        reused=kept is not None,
        cost=meter.read(),
        avoided=tuple(sorted({video_id for each in heard for video_id in each.videos})),
    )
    return [*judged, caused_by(cause, data, source=SOURCE, step="script-written")]


def _kept(cause: Envelope[WriteScript], script: Script, flavor: Flavor, after_us: int) -> list[Envelope[base.Message]]:
    """A script that came along, once it is judged. The rules have judged it before it came here."""
    task = cause.data
    judged = gate.told(cause, Judged.SCRIPT, gate.on_script(script, flavor, but="rules"), after_us)
    if gate.refused(judged):
        return judged
    data = ScriptWritten(
        **_of_video(task, _last(judged, after_us)), script=script, writer=KEPT, reused=True, cost=Cost()
    )
    return [*judged, caused_by(cause, data, source=SOURCE, step="script-kept")]


def _of_video(task: WriteScript, after_us: int) -> dict[str, Any]:
    """What a script's event carries of the task."""
    same = (
        "video_id", "revision", "origin", "lane", "flavor", "format", "viewer_id", "asked_us", "deadline_us",
        "replay_id", "upgrade",
    )  # fmt: skip
    told = {name: getattr(task, name) for name in same}
    return told | {"regeneration": task.regeneration, "ts_us": base.rising(after_us)}


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
