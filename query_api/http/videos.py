"""`GET /v1/videos/{id}` and its events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from infra.errors import NotFoundError
from query_api.http.answers import EventAnswer, EventsAnswer
from query_api.http.asking import Asks
from query_api.http.parts import Needs, Parts
from query_api.http.problems import responses
from query_api.identity.principal import Principal
from query_api.lineage.graph import unpadded
from query_api.readmodel.store import Row
from query_api.states import (
    StageTime,
    Status,
    VideoState,
    cost_of,
    ending,
    links,
    live_revision,
    moment,
    stages,
    state,
    status,
)
from schemas.cards import VideoCard
from schemas.works import Cost

router = APIRouter(prefix="/v1/videos", tags=["videos"])

VideoId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="a UUID")]


@router.get(
    "/{video_id}",
    response_model=VideoState,
    response_model_exclude_none=True,
    summary="Where a video is",
    responses=responses(401, 403, 404, 422, 503),
)
async def video(video_id: VideoId, parts: Needs, asks: Asks) -> VideoState:
    """State, stages with their times, scenes, cost so far; the card once it can be watched; why, if it never will.

    Who did not ask for it sees it once it is published, and then what is shown of it alone.
    """
    who = await asks.viewer()
    rows, scenes = await asyncio.gather(parts.read.revisions(video_id), parts.read.scenes(video_id))
    found = state(rows, scenes) or _just_submitted(parts, video_id)
    if found is None:
        raise _missing(video_id)
    found = _linked(parts, found)
    if is_theirs(who, parts, video_id, rows):
        return found
    if found.status is not Status.PUBLISHED:
        raise _missing(video_id)
    return found.shown()


@router.get(
    "/{video_id}/events",
    response_model=EventsAnswer,
    response_model_exclude_none=True,
    summary="The story of a video",
    responses=responses(401, 403, 404, 422, 503),
)
async def events(video_id: VideoId, parts: Needs, asks: Asks) -> EventsAnswer:
    """Every event about the video in the order of its life, each with its cause and its place in the log.

    For who asked for it, and for operators.
    """
    who = await asks.viewer()
    rows, revisions = await asyncio.gather(parts.read.events(video_id), parts.read.revisions(video_id))
    known = rows or parts.prompts.get(video_id)
    if not known or not is_theirs(who, parts, video_id, revisions):
        raise _missing(video_id)
    return EventsAnswer(video_id=video_id, events=told(rows))


class RevisionState(BaseModel):
    """One revision of a video. `live`: it is the one that viewers see."""

    revision: int
    status: Status
    live: bool
    base_revision: int | None = None
    asked_by: str | None = None
    why: str | None = None
    stages: list[StageTime]
    cost: Cost
    reason: str | None = None
    dropped: bool = False
    overtaken_by: int | None = Field(None, description="the revision that was asked for in its place")
    card: VideoCard | None = None


class RevisionsAnswer(BaseModel):
    """Every revision of a video, the first one first."""

    video_id: str
    revisions: list[RevisionState]


@router.get(
    "/{video_id}/revisions",
    response_model=RevisionsAnswer,
    response_model_exclude_none=True,
    summary="The revisions of a video",
    responses=responses(401, 403, 404, 422, 429, 503),
)
async def revisions(video_id: VideoId, parts: Needs, asks: Asks) -> RevisionsAnswer:
    """Which there are, who asked for them and why, what they cost, which one viewers see. For the video's owner."""
    who = await asks.viewer()
    rows, scenes, later = await asyncio.gather(
        parts.read.revisions(video_id), parts.read.scenes(video_id), parts.read.regenerations(video_id)
    )
    if not rows or not is_theirs(who, parts, video_id, rows):
        raise _missing(video_id)
    asked = {row["revision"]: row for row in later}
    live = live_revision(rows)
    return RevisionsAnswer(
        video_id=video_id,
        revisions=[_revision(parts, row, scenes, asked.get(row["revision"], {}), live) for row in rows],
    )


def _revision(parts: Parts, row: Row, scenes: Sequence[Row], asked: Row, live: int | None) -> RevisionState:
    own = [scene for scene in scenes if scene["revision"] == row["revision"]]
    return RevisionState(
        revision=row["revision"],
        status=status(row, own),
        live=row["revision"] == live,
        base_revision=asked.get("base_revision"),
        asked_by=asked.get("operator"),
        why=asked.get("reason"),
        stages=stages(row, own),
        cost=cost_of(row, own),
        reason=ending(row).get("reason"),
        dropped=bool(asked.get("dropped_us")),
        overtaken_by=row["overtaken_by"],
        card=parts.urls.card(VideoCard.model_validate_json(row["card"])) if row["card"] else None,
    )


def _linked(parts: Parts, found: VideoState) -> VideoState:
    """With addresses of media as they are to be used, and one to save the file under its title."""
    if found.card is None:
        return found
    name = found.card.media.video.removeprefix("/media/")
    download = parts.urls.address(name, f"{found.card.title}.mp4")
    return found.model_copy(
        update={"card": parts.urls.card(found.card), "links": {**found.links, "download": download}}
    )


def _missing(video_id: str) -> NotFoundError:
    """The same whether it does not exist or is not theirs to see."""
    return NotFoundError(f"There is no video {video_id}.")


def is_theirs(who: Principal, parts: Parts, video_id: str, rows: Sequence[Row]) -> bool:
    """Whether they asked for a video, or nobody in particular did; operators have all.

    The rows of a video may be there before the one that says who asked: until then it is nobody's.
    """
    if envelope := parts.prompts.get(video_id):
        return who.may_see(envelope.data.viewer_id)
    asked = [row["viewer_id"] for row in rows if row["origin"]]
    return who.is_operator or (bool(asked) and who.may_see(next(filter(None, asked), None)))


def told(rows: Sequence[Row]) -> list[EventAnswer]:
    """The events of a video, each once: a repeated request may have put one into the log twice."""
    once = list({row["event_id"]: row for row in reversed(rows)}.values())[::-1]
    gaps = [0, *(after["ts_us"] - before["ts_us"] for before, after in pairwise(once))]
    return [_event(row, gap) for row, gap in zip(once, gaps, strict=False)]


def _event(row: Row, gap_us: int) -> EventAnswer:
    return EventAnswer(
        id=row["event_id"],
        type=row["type"],
        version=row["version"],
        time=moment(row["time_us"]),
        ts_us=row["ts_us"],
        since_ms=gap_us / 1000,
        source=row["source"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        traceparent=row["traceparent"],
        record=unpadded(row["record"]),
        data=json.loads(row["payload"]),
    )


def _just_submitted(parts: Parts, video_id: str) -> VideoState | None:
    """The prompt was taken in by this process and has not reached the read model yet."""
    if (envelope := parts.prompts.get(video_id)) is None:
        return None
    event = envelope.data
    return VideoState(
        video_id=video_id,
        status=Status.SUBMITTED,
        prompt=event.text,
        origin=event.origin.value,
        flavor=event.flavor,
        archetype=event.archetype,
        stages=[StageTime(stage=Status.SUBMITTED, at=moment(event.ts_us))],
        links=links(video_id),
    )
