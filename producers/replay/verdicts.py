"""Promote or drop a revision, or withdraw a video. Pure: from what the log says to the event that settles it."""

from __future__ import annotations

from producers.replay.errors import ChangeError, UnknownRevisionError
from producers.replay.history import History, Revision
from schemas import base
from schemas.base import Message
from schemas.envelope import Envelope, root
from schemas.videos import RevisionDropped, RevisionPromoted, VideoPublished, VideoWithdrawn

SOURCE = "/operator"


def promote(history: History, number: int, by: str, why: str, now_us: int | None = None) -> Envelope[Message]:
    """Viewers see this revision from now on. Raises UnknownRevisionError where it is not finished."""
    published = made(history, number)
    ts_us = base.rising(history.last_us, now_us)
    shown = published.model_dump() | {"ts_us": ts_us}
    data = RevisionPromoted(**shown, listed_us=listed_us(history) or ts_us, by=by, why=why)
    return root(data, source=SOURCE)


def drop(history: History, number: int, by: str, why: str, now_us: int | None = None) -> Envelope[Message]:
    """It will not be shown. Raises UnknownRevisionError, and ChangeError for the one that viewers see."""
    _known(history, number)
    if number == history.live:
        raise ChangeError(
            f"Viewers see revision {number}.", hint="Promote another one first, or `swipestream withdraw`."
        )
    ts_us = base.rising(history.last_us, now_us)
    data = RevisionDropped(video_id=history.video_id, revision=number, ts_us=ts_us, by=by, why=why)
    return root(data, source=SOURCE)


def withdraw(history: History, by: str, why: str, now_us: int | None = None) -> Envelope[Message]:
    """The video leaves every feed, in all of its revisions so far."""
    ts_us = base.rising(history.last_us, now_us)
    data = VideoWithdrawn(video_id=history.video_id, revision=history.newest, ts_us=ts_us, by=by, reason=why)
    return root(data, source=SOURCE)


def listed_us(history: History) -> int | None:
    """Since when the video stands in the feeds; None where it never did."""
    first = history.revisions.get(1)
    if first and first.published:
        return first.published.ts_us
    return min((one.promoted.listed_us for one in history.revisions.values() if one.promoted), default=None)


def made(history: History, number: int) -> VideoPublished:
    """The event by which a revision is there. Raises UnknownRevisionError."""
    revision = _known(history, number)
    if revision.published is None:
        raise UnknownRevisionError(
            f"Revision {number} of {history.video_id} is not published.",
            hint=f"`swipestream trace {history.video_id}` shows what became of it.",
        )
    return revision.published


def _known(history: History, number: int) -> Revision:
    if number not in history.revisions:
        raise UnknownRevisionError(
            f"Video {history.video_id} has no revision {number}.",
            hint=f"It has: {', '.join(map(str, sorted(history.revisions)))}.",
        )
    return history.revisions[number]
