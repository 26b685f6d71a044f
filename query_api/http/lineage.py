"""`GET /v1/videos/{id}/lineage` and `GET /v1/lineage/{id}`: what led to something, and what came of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from infra.errors import NotFoundError
from query_api.http.asking import Asks
from query_api.http.parts import Needs
from query_api.http.problems import responses
from query_api.http.videos import VideoId, is_theirs
from query_api.lineage.graph import Direction, Graph
from query_api.lineage.trace import trace, trace_video

router = APIRouter(tags=["lineage"])

Way = Annotated[Direction, Query(description="what led to it, what came of it, or both")]
AnyId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="a UUID")]


@router.get(
    "/v1/videos/{video_id}/lineage",
    response_model=Graph,
    response_model_exclude_none=True,
    summary="What led to a video, and what came of it",
    responses=responses(401, 403, 404, 422, 503),
)
async def of_video(video_id: VideoId, parts: Needs, asks: Asks, direction: Way = Direction.BOTH) -> Graph:
    """A graph of facts: the swipe or prompt, script, voices, scenes, assembly, impressions; edges from cause to effect.

    For who asked for it, and for operators. It names no viewer.
    """
    who = await asks.viewer()
    revisions = await parts.read.revisions(video_id)
    theirs = is_theirs(who, parts, video_id, revisions)
    found = await trace_video(parts.read, video_id, direction) if theirs else None
    if found is None:
        raise NotFoundError(f"There is no video {video_id}.")
    return found


@router.get(
    "/v1/lineage/{id}",
    response_model=Graph,
    response_model_exclude_none=True,
    summary="What led to anything, and what came of it",
    responses=responses(401, 403, 404, 422, 503),
)
async def of_anything(id: AnyId, parts: Needs, asks: Asks, direction: Way = Direction.BOTH) -> Graph:  # noqa: A002
    """The same from any id: of a video, of an event, of a replay. For operators."""
    await asks.operator()
    return await trace(parts.read, id, direction)
