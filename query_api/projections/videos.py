"""From the events of a video to its row, its scenes, and the feeds."""

from __future__ import annotations

from pydantic import BaseModel

from query_api.cards import card
from query_api.readmodel.tables import Value, Write, row, week_of
from schemas.prompts import PromptSubmitted
from schemas.videos import (
    PromptAccepted,
    PromptRejected,
    PublishedVideo,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    VideoEvent,
    VideoFailed,
    VideoPublished,
    VideoWithdrawn,
    WorkStopped,
)


def submitted(event: PromptSubmitted) -> list[Write]:
    """What was asked for. It makes the first revision."""
    cells: dict[str, Value | None] = {
        "video_id": event.video_id,
        "revision": 1,
        "submitted_us": event.ts_us,
        "prompt": event.text,
        "origin": event.origin.value,
        "lane": event.lane.value,
        "viewer_id": event.viewer_id,
        "flavor": event.flavor,
        "wanted_archetype": event.archetype,
        "target_seconds": event.target_seconds,
        "wanted_subject": event.subject,
    }
    return [row("videos", cells, event.ts_us)]


def accepted(event: PromptAccepted) -> list[Write]:
    """Work begins."""
    return [
        _video(
            event,
            accepted_us=event.ts_us,
            prompt=event.text,
            origin=event.origin.value,
            lane=event.lane.value,
            viewer_id=event.viewer_id,
            flavor=event.flavor,
            wanted_archetype=event.archetype,
            target_seconds=event.target_seconds,
            wanted_subject=event.subject,
        )
    ]


def rejected(event: PromptRejected) -> list[Write]:
    """It ends here."""
    why = _json(event, "category", "rule", "reason")
    return [
        _video(
            event,
            rejected_us=event.ts_us,
            rejection=why,
            prompt=event.text,
            origin=event.origin.value,
            viewer_id=event.viewer_id,
        )
    ]


def scripted(event: ScriptWritten) -> list[Write]:
    """The script."""
    return [
        _video(
            event,
            scripted_us=event.ts_us,
            title=event.script.title,
            subject=event.script.subject,
            archetype=event.script.archetype,
            scene_count=len(event.script.scenes),
            writer=event.writer,
            script=event.script.model_dump_json(),
            script_cost=event.cost.model_dump_json(),
        )
    ]


def voiced(event: SceneVoiced) -> list[Write]:
    """The voice of a scene."""
    cells: dict[str, Value | None] = {
        "voiced_us": event.ts_us,
        "voice": event.voice,
        "voiced_ms": event.duration_ms,
        "voice_cost": event.cost.model_dump_json(),
    }
    return [_scene(event, cells)]


def rendered(event: SceneRendered) -> list[Write]:
    """The picture of a scene."""
    cells: dict[str, Value | None] = {
        "rendered_us": event.ts_us,
        "rendered_ms": event.duration_ms,
        "scene_count": event.scene_count,
        "clip": event.clip.name,
        "backend": event.backend,
        "model": event.model,
        "look": event.look,
        "seed": event.seed,
        "code": event.code,
        "scene_cost": event.cost.model_dump_json(),
    }
    return [_scene(event, cells)]


def published(event: VideoPublished) -> list[Write]:
    """The video, and its place in the feeds. A later revision has none until it is promoted."""
    shown = card(event).model_dump_json(exclude_none=True)
    video = _video(
        event,
        published_us=event.ts_us,
        title=event.title,
        subject=event.subject,
        archetype=event.archetype,
        card=shown,
        cost=event.total_cost.model_dump_json(),
    )
    return [video, *listed(event, event.ts_us, shown)] if event.revision == 1 else [video]


def listed(event: PublishedVideo, listed_us: int, shown: str) -> list[Write]:
    """The rows of the feeds in which a video stands since `listed_us`, with the card that is shown from `ts_us` on."""
    entry: dict[str, Value | None] = {
        "week": week_of(listed_us),
        "published_us": listed_us,
        "video_id": event.video_id,
        "revision": event.revision,
        "viewer_id": event.viewer_id,
        "card": shown,
    }
    everyone = row("feed_global", entry, event.ts_us)
    return [everyone, row("feed_by_viewer", entry, event.ts_us)] if event.viewer_id else [everyone]


def failed(event: VideoFailed) -> list[Write]:
    """It ended, and why."""
    return [_video(event, failed_us=event.ts_us, failure=_json(event, "stage", "error", "reason", "attempts"))]


def withdrawn(event: VideoWithdrawn) -> list[Write]:
    """It leaves the feeds."""
    entry: dict[str, Value | None] = {
        "week": week_of(event.ts_us),
        "video_id": event.video_id,
        "revision": event.revision,
        "withdrawn_us": event.ts_us,
    }
    return [
        _video(event, withdrawn_us=event.ts_us, withdrawal=_json(event, "reason", "by")),
        row("feed_withdrawn", entry, event.ts_us),
    ]


def stopped(event: WorkStopped) -> list[Write]:
    """Work on it was given up half-way, and is paid all the same."""
    cost = event.cost.model_dump_json()
    if event.scene_number is None:
        return [_video(event, stopped_cost=cost)]
    cells: dict[str, Value | None] = {
        "stopped_us": event.ts_us,
        "stopped_fraction": event.fraction,
        "stopped_cost": cost,
    }
    return [_scene(event, cells)]


def _video(event: VideoEvent, **cells: Value | None) -> Write:
    return row("videos", {"video_id": event.video_id, "revision": event.revision, **cells}, event.ts_us)


def _scene(event: SceneVoiced | SceneRendered | WorkStopped, cells: dict[str, Value | None]) -> Write:
    key: dict[str, Value | None] = {
        "video_id": event.video_id,
        "revision": event.revision,
        "scene_number": event.scene_number,
        "scene_id": event.scene_id,
    }
    return row("video_scenes", {**key, **cells}, event.ts_us)


def _json(event: BaseModel, *fields: str) -> str:
    return event.model_dump_json(include=set(fields))
