"""The story of a video: every event about it, as it was."""

from __future__ import annotations

from query_api.readmodel.tables import Value, Write, row
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.feeds import PrefetchSettled
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.videos import VideoEvent

#: Swipes and impressions are left out: a popular video has too many of them for one partition.
TOLD = (PromptSubmitted, RevisionRequested, VideoEvent, PrefetchSettled)


def stored(envelope: Envelope[Message], record: str) -> list[Write]:
    """One row for an event that belongs to a video."""
    data = envelope.data
    if not isinstance(data, TOLD):
        return []
    cells: dict[str, Value | None] = {
        "video_id": data.video_id,
        "ts_us": data.ts_us,
        "event_id": envelope.id,
        "type": envelope.type,
        "version": envelope.version,
        "time_us": int(envelope.time.timestamp() * 1_000_000),
        "source": envelope.source,
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
        "traceparent": envelope.traceparent,
        "record": record,
        "payload": data.model_dump_json(exclude_none=True),
    }
    return [row("video_events", cells, data.ts_us)]
