"""When a video should be there: what schedulers of scenes go by. Pure.

Told once, with the prompt, and carried by every task of the video: a scene that is made once more, or later than the
others, is given no more time.
"""

from __future__ import annotations

from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.values import Lane

#: How long after it was asked for a video should be there, in seconds, by lane.
PATIENCE_S = {Lane.INTERACTIVE: 30, Lane.PREFETCH: 300, Lane.BULK: 86_400}
#: A video, in milliseconds, of viewers who have not swiped yet. An assumption: their own swipes take its place.
PACE_MS = 10_000
#: The part of a viewer's pace that the newest video decides.
NEWEST = 0.2


def patience_us(lane: Lane) -> int:
    """How long after it was asked for a video should be there, in microseconds."""
    return PATIENCE_S[lane] * 1_000_000


def deadline_us(asked: PromptSubmitted | RevisionRequested) -> int:
    """When it should be there, in microseconds since the epoch.

    Somebody who waits is given the lane's patience. What is made ahead is due when its viewer comes to it, and what
    interactive work is given later, since nothing is made sooner than that; never later than its lane says.
    """
    latest = asked.ts_us + patience_us(asked.lane)
    needed = asked.needed_us if isinstance(asked, PromptSubmitted) else None
    if needed is None:
        return latest
    return min(latest, max(needed, asked.ts_us) + patience_us(Lane.INTERACTIVE))


def needed_us(now_us: int, ahead: int, pace_ms: int) -> int:
    """When a viewer comes to a video that has so many others before it."""
    return now_us + ahead * pace_ms * 1000


def pace(before_ms: int, watched_ms: int) -> int:
    """How long a viewer stays with a video, after one more: a running mean, in milliseconds."""
    return round((1 - NEWEST) * before_ms + NEWEST * watched_ms)
