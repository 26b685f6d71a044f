"""From the events of uploads to who has which."""

from __future__ import annotations

from query_api.readmodel.tables import Value, Write, row
from schemas.uploads import MediaRemoved, MediaUploaded


def uploaded(event: MediaUploaded) -> list[Write]:
    """It is there."""
    cells: dict[str, Value | None] = {
        "viewer_id": event.viewer_id,
        "upload_id": event.upload_id,
        "uploaded_us": event.ts_us,
        "artifact": event.artifact.model_dump_json(),
        "kind": event.kind.value,
        "width": event.width,
        "height": event.height,
        "duration_ms": event.duration_ms,
        "name": event.name,
    }
    return [row("uploads", cells, event.ts_us)]


def removed(event: MediaRemoved) -> list[Write]:
    """It is gone."""
    key: dict[str, Value | None] = {
        "viewer_id": event.viewer_id,
        "upload_id": event.upload_id,
        "removed_us": event.ts_us,
    }
    return [row("uploads", key, event.ts_us)]
