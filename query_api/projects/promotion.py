"""Show a revision to viewers: from what the read model says of a video to the event that settles it."""

from __future__ import annotations

from collections.abc import Sequence

from query_api.projects.commands import NotNowError
from query_api.projects.project import Project
from query_api.readmodel.model import ReadModel
from query_api.readmodel.store import Row
from query_api.serving import SOURCE, Publisher
from schemas import ids
from schemas.base import rising
from schemas.envelope import root
from schemas.videos import RevisionPromoted, VideoPublished

ACK_S = 0.9


async def promote(read: ReadModel, publisher: Publisher, project: Project, revision: int, trace: str | None) -> None:
    """Raises NotNowError where the revision is not finished."""
    rows = await read.events(ids.project_video(project.project_id))
    event = promoted(rows, revision, project.viewer_id)
    await publisher.publish(root(event, source=SOURCE, traceparent=trace), timeout=ACK_S)


def promoted(rows: Sequence[Row], revision: int, by: str) -> RevisionPromoted:
    """The event. It takes the place in the feeds that the video has had since it was first shown."""
    found = [VideoPublished.model_validate_json(row["payload"]) for row in rows if row["type"] == "VideoPublished"]
    made = next((event for event in found if event.revision == revision), None)
    if made is None:
        raise NotNowError(f"Revision {revision} is not finished.")
    ts_us = rising(max(row["ts_us"] for row in rows))
    first = next((event.ts_us for event in found if event.revision == 1), None)
    before = [RevisionPromoted.model_validate_json(row["payload"]) for row in rows if row["type"] == "RevisionPromoted"]
    listed_us = first or min((event.listed_us for event in before), default=ts_us)
    return RevisionPromoted(**made.model_dump() | {"ts_us": ts_us}, listed_us=listed_us, by=by, why="in its project")
