"""Lineage: each fact of a chain under the root of that chain, beside what it follows from.

What viewers do is told by `viewer_seen`, one row for a viewer and a video, and not once more here: there is too much of
it. A prompt that follows from it carries it. Details are what a tree shows; no viewer and no typed text is among them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from query_api.readmodel.tables import Value, Write, row
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.feeds import PrefetchSettled
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.replays import ReplayEvent, ReplayStarted
from schemas.videos import (
    AnomalyFound,
    ContentJudged,
    PromptAccepted,
    PromptRejected,
    PublishedVideo,
    RevisionDropped,
    SceneCommissioned,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    VideoEvent,
    VideoFailed,
    VideoWithdrawn,
    WorkStopped,
)
from schemas.works import Cost

CHAINED = (PromptSubmitted, RevisionRequested, VideoEvent, PrefetchSettled, ReplayEvent)
Detail = dict[str, Any]


def facts(envelope: Envelope[Message], record: str) -> list[Write]:
    """The rows of an event; none for what no lineage shows."""
    return [_chained(envelope, envelope.data, record)] if isinstance(envelope.data, CHAINED) else []


def _chained(envelope: Envelope[Message], data: Any, record: str) -> Write:
    cells: dict[str, Value | None] = {
        "root": envelope.correlation_id,
        "video_id": getattr(data, "video_id", ""),
        "ts_us": data.ts_us,
        "event_id": envelope.id,
        "type": envelope.type,
        "causation_id": envelope.causation_id,
        "revision": getattr(data, "revision", None),
        "scene_number": getattr(data, "scene_number", None),
        "detail": _json(detail(data)),
        "record": record,
    }
    return row("lineage", cells, data.ts_us)


def detail(data: Message) -> Detail:
    """What a tree shows of a fact."""
    for kind, tell in _TOLD.items():
        if isinstance(data, kind):
            return tell(data)
    return {}


def _json(told: Detail) -> str:
    return json.dumps({name: value for name, value in told.items() if value not in (None, "", ())}, sort_keys=True)


def _cost(cost: Cost) -> Detail:
    return {"amount": cost.amount, "currency": cost.currency} if cost.amount else {}


def _scene(event: SceneRendered) -> Detail:
    made = {"backend": event.backend, "model": event.model, "look": event.look, "seed": event.seed, "code": event.code}
    return made | {"reused": event.reused or None} | _cost(event.cost)


#: By kind of event, the more special first.
_TOLD: dict[type[Message], Callable[[Any], Detail]] = {
    PromptSubmitted: lambda event: {
        "origin": event.origin.value, "lane": event.lane.value, "flavor": event.flavor, "subject": event.subject,
        "trigger": event.trigger.model_dump(exclude_none=True) if event.trigger else None,
    },
    RevisionRequested: lambda event: {
        "by": event.operator, "why": event.reason, "base": event.base_revision, "replay_id": event.replay_id,
    },
    PromptAccepted: lambda event: {"flavor": event.flavor, "archetype": event.archetype},
    ContentJudged: lambda event: {"content": event.content.value, "allowed": "allowed" if event.allowed else "refused"},
    PromptRejected: lambda event: {"category": event.category, "rule": event.rule, "why": event.reason},
    ScriptWritten: lambda event: {
        "title": event.script.title, "writer": event.writer, "scenes": len(event.script.scenes), **_cost(event.cost),
    },
    SceneVoiced: lambda event: {"voice": event.voice, **_cost(event.cost)},
    SceneCommissioned: lambda event: {
        "backend": event.provider, "model": event.model, "job": event.job, **_cost(event.cost),
    },
    SceneRendered: _scene,
    AnomalyFound: lambda event: {
        "model": event.model,
        "odd": "; ".join(f"{one.figure} {one.value:g}, usual {one.typical:g}" for one in event.outliers),
    },
    PublishedVideo: lambda event: {
        "title": event.title, "video": event.video.name, "duration_ms": event.duration_ms, **_cost(event.total_cost),
    },
    RevisionDropped: lambda event: {"by": event.by, "why": event.why, "overtaken_by": event.overtaken_by},
    WorkStopped: lambda event: {
        "stage": event.stage.value, "done": f"{event.fraction:.0%} done", "why": event.why[:200], **_cost(event.cost),
    },
    VideoFailed: lambda event: {"stage": event.stage.value, "error": event.error, "why": event.reason[:200]},
    VideoWithdrawn: lambda event: {"by": event.by, "why": event.reason[:200]},
    PrefetchSettled: lambda event: {"outcome": event.outcome.value},
    ReplayStarted: lambda event: {"by": event.operator, "why": event.reason, "videos": event.videos},
}  # fmt: skip
