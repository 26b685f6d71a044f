"""What somebody uploaded, as rows: those of the tables, with what this process took in or deleted since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.errors import NotFoundError
from query_api.caches import Lru
from query_api.readmodel.model import ReadModel
from query_api.readmodel.store import Row
from schemas.footage import FootageKind
from schemas.uploads import MediaRemoved, MediaUploaded
from schemas.values import Artifact

#: Rows of uploads that this process took in or deleted, by viewer and id.
Recent = Lru[tuple[str, str], Row]


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that is there."""

    upload_id: str
    artifact: Artifact
    kind: FootageKind
    row: Row


@dataclass(frozen=True, slots=True)
class Owned:
    """Everything that one viewer ever uploaded."""

    rows: Sequence[Row]

    @property
    def uploads(self) -> list[Upload]:
        """What is there, newest first."""
        there = [upload_of(row) for row in self.rows if _is_there(row)]
        return sorted(there, key=lambda one: -one.row["uploaded_us"])

    def get(self, upload_id: str) -> Upload:
        """An upload that is there. Raises NotFoundError."""
        found = next((one for one in self.uploads if one.upload_id == upload_id), None)
        if found is None:
            raise NotFoundError(f"There is no upload {upload_id}.")
        return found

    def removed_us(self, upload_id: str) -> int:
        """When an upload was last deleted, by the clock of whoever took that; 0: never."""
        return max((row.get("removed_us") or 0 for row in self.rows if row["upload_id"] == upload_id), default=0)

    def used(self, since_us: int) -> int:
        """Bytes that count: also of what was deleted after `since_us`, whose files are still there. Else who uploads
        and deletes in turn would fill the disk."""
        rows = (row for row in self.rows if row.get("artifact"))
        return sum(upload_of(row).artifact.size for row in rows if _is_there(row) or row["removed_us"] > since_us)


async def owned(read: ReadModel, recent: Recent, owner: str) -> Owned:
    """The uploads of a viewer. Raises UnavailableError."""
    stored = await read.uploads(owner)
    own = [row | {"upload_id": upload_id} for (viewer_id, upload_id), row in recent.items() if viewer_id == owner]
    return Owned(merged([*map(dict, stored), *own]))


def merged(rows: Iterable[Row]) -> list[Row]:
    """One row for each upload: the newest time it was uploaded, with what was told then, and the newest it was deleted.

    The tables and other processes may know of something later than this one. Pure.
    """
    found: dict[str, Row] = {}
    for row in rows:
        known = found.get(row["upload_id"], {})
        removed_us = max(known.get("removed_us") or 0, row.get("removed_us") or 0)
        newest = max(known, row, key=lambda one: one.get("uploaded_us") or 0)
        found[row["upload_id"]] = {**newest, "upload_id": row["upload_id"], "removed_us": removed_us}
    return list(found.values())


def row_of(event: MediaUploaded | MediaRemoved) -> Row:
    """What an event adds to the row of its upload."""
    if isinstance(event, MediaRemoved):
        return {"removed_us": event.ts_us}
    told: dict[str, Any] = event.model_dump(include={"upload_id", "width", "height", "duration_ms", "name"})
    return told | {
        "uploaded_us": event.ts_us,
        "kind": event.kind.value,
        "artifact": event.artifact.model_dump_json(),
    }


def upload_of(row: Row) -> Upload:
    """The upload that a row tells of."""
    artifact = Artifact.model_validate_json(row["artifact"])
    return Upload(row["upload_id"], artifact, FootageKind(row["kind"]), row)


def _is_there(row: Row) -> bool:
    return bool(row.get("uploaded_us")) and (row.get("removed_us") or 0) < row["uploaded_us"]
