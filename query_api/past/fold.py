"""The fold of the log of one key: the same projection, the same tables and the same reading as live, in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.errors import BadInputError
from infra.kafka.records import Received
from query_api.past.cut import NEVER_US, Cut, time_of
from query_api.projections.writing import writes
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel
from query_api.readmodel.store import Row
from query_api.states import VideoState, state
from schemas.base import now_us


@dataclass(frozen=True)
class Folded:
    """The tables after some records of one key. `last` is the newest of them."""

    store: MemoryStore
    count: int
    last: Received | None


def fold(records: Sequence[Received], cut: Cut) -> Folded:
    """The tables as they were at the cut: what could not be projected then is not projected now."""
    cut = cut.timed(list(records))
    store = MemoryStore(clock=lambda: cut.until_us if 0 <= cut.until_us < NEVER_US else now_us())
    taken = [record for record in records if cut.holds(record)]
    for record in taken:
        try:
            store.write(writes(record))
        except BadInputError:  # stamped far in the future: put aside
            continue
    return Folded(store, len(taken), max(taken, key=time_of, default=None))


@dataclass(frozen=True)
class VideoThen:
    """A video as it was: what the API would have answered, with the script of the revision that was shown."""

    state: VideoState
    script: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return self.state.model_dump(mode="json", exclude_none=True) | {"script": self.script}


def video(folded: Folded, video_id: str) -> VideoThen | None:
    """The video; None while it did not exist."""
    rows, scenes = asyncio.run(_video(ReadModel(folded.store), video_id))
    found = state(rows, scenes)
    if found is None:
        return None
    shown = next(row for row in rows if row["revision"] == found.revision)
    return VideoThen(found, json.loads(shown["script"]) if shown["script"] else None)


async def _video(read: ReadModel, video_id: str) -> tuple[Sequence[Row], Sequence[Row]]:
    return await read.revisions(video_id), await read.scenes(video_id)


@dataclass(frozen=True)
class ViewerThen:
    """A viewer as they were: what they were taken to like, and each video that they were shown or swiped."""

    viewer_id: str
    interests: dict[str, float] = field(default_factory=dict)
    seen: Sequence[Row] = ()

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        videos = [{name: value for name, value in row.items() if value is not None} for row in self.seen]
        return {"viewer_id": self.viewer_id, "interests": self.interests, "videos": videos}


def viewer(folded: Folded, viewer_id: str) -> ViewerThen | None:
    """The viewer; None while nothing was known of them."""
    seen = [row for row in folded.store.rows("viewer_seen") if row["viewer_id"] == viewer_id]
    likes = asyncio.run(ReadModel(folded.store).interests(viewer_id))
    if not seen and not likes:
        return None
    ordered = sorted(seen, key=lambda row: max(row["served_us"] or 0, row["swiped_us"] or 0))
    return ViewerThen(viewer_id, dict(sorted(likes.items(), key=lambda pair: -pair[1])), ordered)
