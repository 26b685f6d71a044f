"""Later revisions of a video: who asked for them and why, and which one viewers see."""

from __future__ import annotations

from query_api.cards import card
from query_api.projections.videos import listed
from query_api.readmodel.tables import Value, Write, row
from schemas.prompts import RevisionRequested
from schemas.videos import RevisionDropped, RevisionPromoted


def requested(event: RevisionRequested) -> list[Write]:
    """A revision shall be made."""
    asked: dict[str, Value | None] = {
        "base_revision": event.base_revision,
        "requested_us": event.ts_us,
        "operator": event.operator,
        "reason": event.reason,
        "replay_id": event.replay_id,
        "changes": event.changes.model_dump_json(exclude_none=True),
    }
    video: dict[str, Value | None] = {
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
    key: dict[str, Value | None] = {"video_id": event.video_id, "revision": event.revision}
    return [row("video_revisions", key | asked, event.ts_us), row("videos", key | video, event.ts_us)]


def promoted(event: RevisionPromoted) -> list[Write]:
    """It takes the place of the one before, wherever that stands in the feeds."""
    seen = card(event).model_dump_json(exclude_none=True)
    cells: dict[str, Value | None] = {
        "promoted_us": event.ts_us,
        "promoted_by": event.by,
        "listed_us": event.listed_us,
        "card": seen,
    }
    return [_revision(event, cells), *listed(event, event.listed_us, seen)]


def dropped(event: RevisionDropped) -> list[Write]:
    """Nobody will see it."""
    cells: dict[str, Value | None] = {
        "dropped_us": event.ts_us,
        "dropped_by": event.by,
        "drop_reason": event.why or None,
        "overtaken_by": event.overtaken_by,
    }
    return [_revision(event, cells)]


def _revision(event: RevisionPromoted | RevisionDropped, cells: dict[str, Value | None]) -> Write:
    key: dict[str, Value | None] = {"video_id": event.video_id, "revision": event.revision}
    return row("video_revisions", key | cells, event.ts_us)
