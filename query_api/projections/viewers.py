"""From swipes and impressions to what a viewer has seen and likes."""

from __future__ import annotations

import json

from query_api.readmodel.tables import KEYS, OF_A_VIEWER, Value, Write, row, week_of
from schemas.envelope import Envelope
from schemas.feeds import FeedServed, InterestChanged
from schemas.swipes import Action, ReportReason, SwipeRecorded
from schemas.viewers import ViewerForgotten

#: Actions after which the viewer wants to see nothing of the video.
_HIDES = (Action.REPORTED, Action.NOT_INTERESTED)
_LIKES = {Action.LIKED: True, Action.UNLIKED: False}


def served(envelope: Envelope[FeedServed]) -> list[Write]:
    """One row per impression."""
    event = envelope.data
    return [
        Write(
            "viewer_seen",
            {
                "viewer_id": event.viewer_id,
                "week": week_of(event.ts_us),
                "video_id": item.video_id,
                "served_us": event.ts_us,
                "served_id": envelope.id,
                "reason": item.reason,
                "policy": event.policy,
            },
            event.ts_us,
        )
        for item in event.items
    ]


def swiped(envelope: Envelope[SwipeRecorded]) -> list[Write]:
    """The latest thing that the viewer did with the video; a like lasts until it is taken back."""
    event = envelope.data
    cells: dict[str, Value] = {"swiped_us": event.ts_us, "swipe_id": envelope.id, "action": event.action.value}
    if event.action in _LIKES:
        cells["liked"] = _LIKES[event.action]
    if event.action in _HIDES:
        cells["hidden"] = True
    if event.action is Action.WATCHED:
        cells["watched_ms"] = event.watched_ms
    key: dict[str, Value] = {
        "viewer_id": event.viewer_id,
        "week": week_of(event.ts_us),
        "video_id": event.video_id,
    }
    return [Write("viewer_seen", {**key, **cells}, event.ts_us), *_reported(envelope)]


def _reported(envelope: Envelope[SwipeRecorded]) -> list[Write]:
    event = envelope.data
    if event.action is not Action.REPORTED:
        return []
    cells: dict[str, Value | None] = {
        "week": week_of(event.ts_us),
        "ts_us": event.ts_us,
        "event_id": envelope.id,
        "video_id": event.video_id,
        "viewer_id": event.viewer_id,
        "reason": event.report.reason.value if event.report else ReportReason.OTHER.value,
        "detail": event.report.detail if event.report else None,
    }
    return [row("reports", cells, event.ts_us)]


def interests(envelope: Envelope[InterestChanged]) -> list[Write]:
    """The whole map, in one cell, and what it follows from."""
    event = envelope.data
    cells: dict[str, Value | None] = {
        "viewer_id": event.viewer_id,
        "interests": json.dumps(event.interests, sort_keys=True),
        "event_id": envelope.id,
        "causation_id": envelope.causation_id,
    }
    return [row("viewer_interests", cells, event.ts_us)]


def forgotten(envelope: Envelope[ViewerForgotten]) -> list[Write]:
    """Every partition of theirs goes, and stays away: what comes late, or again in a rebuild, is stamped before."""
    event = envelope.data
    weeks = range(week_of(event.since_us), week_of(event.until_us) + 1)
    return [
        Write(table, {partition[0]: event.viewer_id, **cells}, event.until_us, erase=True)
        for table, (partition, _) in KEYS.items()
        if partition[0] in OF_A_VIEWER
        for cells in ([{"week": week} for week in weeks] if "week" in partition else [{}])
    ]
