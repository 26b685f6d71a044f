"""Which records, and which videos, a selection means. Pure."""

from __future__ import annotations

from infra.kafka.records import Raw
from producers.replay.history import History
from schemas.base import Message
from schemas.replays import Selection


def in_range(selection: Selection, record: Raw) -> bool:
    """Whether a record lies between the first and the last that are meant."""
    first, last = selection.first_offset, selection.last_offset
    return (
        (first is None or record.offset >= first)
        and (last is None or record.offset <= last)
        and (selection.since_ms is None or record.timestamp_ms >= selection.since_ms)
        and (selection.until_ms is None or record.timestamp_ms < selection.until_ms)
    )


def is_meant(selection: Selection, event: Message) -> bool:
    """Whether the event itself is meant. What only its video can tell is asked of `concerns`."""
    video = getattr(event, "video_id", None)
    if selection.types and event.TYPE not in selection.types:
        return False
    return not selection.videos or video in selection.videos


def concerns(selection: Selection, history: History | None, event_viewer: str | None = None) -> bool:
    """Whether a video fits, whoever its events name. None: the record is about no video that the log knows."""
    viewer = (history.viewer_id if history else None) or event_viewer
    if selection.viewer_id and viewer != selection.viewer_id and event_viewer != selection.viewer_id:
        return False
    if history is None:
        return not (selection.flavor or selection.model or selection.failure or selection.videos)
    return (
        (selection.flavor is None or selection.flavor in history.flavors)
        and (selection.model is None or selection.model in history.models)
        and (selection.failure is None or history.failed_with(selection.failure))
    )
