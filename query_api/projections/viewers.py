"""From swipes and impressions to what a viewer has seen and likes."""

from __future__ import annotations

import json

from query_api.readmodel.tables import Value, Write, week_of
from schemas.feeds import FeedServed, InterestChanged
from schemas.swipes import Action, SwipeRecorded

#: Actions that say that the video was on the screen and is done with.
_LIKES = {Action.LIKED: True, Action.UNLIKED: False}


def served(event: FeedServed) -> list[Write]:
    """One row per impression."""
    return [
        Write(
            "viewer_seen",
            {
                "viewer_id": event.viewer_id,
                "week": week_of(event.ts_us),
                "video_id": item.video_id,
                "served_us": event.ts_us,
                "reason": item.reason,
                "policy": event.policy,
            },
            event.ts_us,
        )
        for item in event.items
    ]


def swiped(event: SwipeRecorded) -> list[Write]:
    """The latest thing that the viewer did with the video; a like lasts until it is taken back."""
    cells: dict[str, Value] = {"swiped_us": event.ts_us, "action": event.action.value}
    if event.action in _LIKES:
        cells["liked"] = _LIKES[event.action]
    if event.action is Action.WATCHED:
        cells["watched_ms"] = event.watched_ms
    key: dict[str, Value] = {
        "viewer_id": event.viewer_id,
        "week": week_of(event.ts_us),
        "video_id": event.video_id,
    }
    return [Write("viewer_seen", {**key, **cells}, event.ts_us)]


def interests(event: InterestChanged) -> list[Write]:
    """The whole map, in one cell."""
    return [
        Write(
            "viewer_interests",
            {"viewer_id": event.viewer_id, "interests": json.dumps(event.interests, sort_keys=True)},
            event.ts_us,
        )
    ]
