"""What is read from the tables, with types."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from query_api.readmodel.store import Reader, Row

#: Rows read of one bucket of a feed.
MOST = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A video in a feed; `card` is the JSON of its VideoCard."""

    video_id: str
    revision: int
    published_us: int
    card: str
    viewer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """When a viewer was last served a video, and last did something with it; 0 is never."""

    served_us: int = 0
    swiped_us: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """How far a projection is in one partition."""

    topic: str
    partition: int
    position: int


class ReadModel:
    """Queries by meaning. Each raises UnavailableError when the store does not answer."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def revisions(self, video_id: str) -> Sequence[Row]:
        """The rows of a video, by revision, with what was decided of each; none for a video that is not known."""
        key = {"video_id": video_id}
        rows, later = await asyncio.gather(self._reader.fetch("video", key), self._reader.fetch("regenerations", key))
        decided = {row["revision"]: row for row in later}
        return [_decided(row, decided.get(row["revision"], {})) for row in rows]

    async def regenerations(self, video_id: str) -> Sequence[Row]:
        """Of revisions: who asked for them and why, and what was decided of them."""
        return await self._reader.fetch("regenerations", {"video_id": video_id})

    async def scenes(self, video_id: str) -> Sequence[Row]:
        """The scenes of every revision, by revision and number."""
        return await self._reader.fetch("scenes", {"video_id": video_id})

    async def events(self, video_id: str) -> Sequence[Row]:
        """The story of a video, in order."""
        return await self._reader.fetch("events", {"video_id": video_id})

    async def published(self, week: int, after_us: int = 0, most: int = MOST) -> list[Entry]:
        """What was published in a week and after a time, newest first."""
        rows = await self._reader.fetch("published", {"week": week, "after_us": after_us, "most": most})
        return [_entry(row) for row in rows]

    async def made_for(self, viewer_id: str, week: int, most: int = MOST) -> list[Entry]:
        """What was made for a viewer in a week, newest first."""
        rows = await self._reader.fetch("made_for", {"viewer_id": viewer_id, "week": week, "most": most})
        return [_entry(row | {"viewer_id": viewer_id}) for row in rows]

    async def withdrawn(self, week: int) -> set[tuple[str, int]]:
        """(video, revision) of what was withdrawn in a week."""
        rows = await self._reader.fetch("withdrawn", {"week": week})
        return {(row["video_id"], row["revision"]) for row in rows}

    async def seen(self, viewer_id: str, week: int) -> dict[str, Seen]:
        """What a viewer was served or swiped in a week, by video."""
        rows = await self._reader.fetch("seen", {"viewer_id": viewer_id, "week": week})
        return {row["video_id"]: Seen(row["served_us"] or 0, row["swiped_us"] or 0) for row in rows}

    async def interests(self, viewer_id: str) -> Mapping[str, float]:
        """Subject → weight; empty for a viewer of whom nothing is known."""
        rows = await self._reader.fetch("interests", {"viewer_id": viewer_id})
        return json.loads(rows[0]["interests"] or "{}") if rows else {}

    async def project(self, project_id: str) -> Sequence[Row]:
        """What happened to a project, by version."""
        return await self._reader.fetch("project", {"project_id": project_id})

    async def projects(self, owner: str, most: int = MOST) -> Sequence[Row]:
        """The projects of a creator, in no order that means anything."""
        return await self._reader.fetch("projects", {"owner": owner, "most": most})

    async def history(self, viewer_id: str, week: int) -> Sequence[Row]:
        """What a viewer was served and did in a week."""
        return await self._reader.fetch("history", {"viewer_id": viewer_id, "week": week})

    async def reports(self, week: int, most: int = MOST) -> Sequence[Row]:
        """What viewers reported in a week, newest first."""
        return await self._reader.fetch("reports", {"week": week, "most": most})

    async def uploads(self, viewer_id: str) -> Sequence[Row]:
        """What a creator uploaded, also what is gone."""
        return await self._reader.fetch("uploads", {"viewer_id": viewer_id})

    async def chain(self, root: str, most: int) -> Sequence[Row]:
        """The facts of a chain, by video and time."""
        return await self._reader.fetch("chain", {"root": root, "most": most})

    async def chain_of(self, root: str, video_id: str) -> Sequence[Row]:
        """Those about one video; about none, where the id is empty."""
        return await self._reader.fetch("chain_of_video", {"root": root, "video_id": video_id})

    async def fact(self, event_id: str) -> Row | None:
        """The fact with this id."""
        rows = await self._reader.fetch("fact", {"event_id": event_id})
        return rows[0] if rows else None

    async def shown(self, video_id: str, most: int) -> Sequence[Row]:
        """Some of the viewers who were shown a video, or swiped it, with the events that say so."""
        return await self._reader.fetch("shown", {"video_id": video_id, "most": most})

    async def served_by(self, event_id: str) -> Sequence[Row]:
        """The videos of one answer of the feed."""
        return await self._reader.fetch("served_by", {"served_id": event_id})

    async def swiped_by(self, event_id: str) -> Sequence[Row]:
        """The video of a swipe; none where the viewer did something else with it later."""
        return await self._reader.fetch("swiped_by", {"swipe_id": event_id})

    async def interest_row(self, viewer_id: str) -> Row | None:
        """What a viewer is taken to like, and the event that says so."""
        rows = await self._reader.fetch("interests", {"viewer_id": viewer_id})
        return rows[0] if rows else None

    async def positions(self, projection: str) -> list[Position]:
        """How far a projection is, by partition."""
        rows = await self._reader.fetch("positions", {"projection": projection})
        return [Position(row["topic"], row["partition"], row["position"]) for row in rows]


#: What somebody decides of a revision once it is asked for.
_DECIDED = ("promoted_us", "dropped_us", "dropped_by", "drop_reason", "overtaken_by")


def _decided(row: Row, later: Row) -> Row:
    cells = {name: later.get(name) for name in _DECIDED}
    return row | cells | ({"card": later["card"]} if cells["promoted_us"] else {})


def _entry(row: Row) -> Entry:
    return Entry(row["video_id"], row["revision"], row["published_us"], row["card"], row.get("viewer_id"))
