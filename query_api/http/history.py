"""What a viewer saw, liked and reported; what operators make of reports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field

from infra.errors import NotFoundError
from query_api.http import measures
from query_api.http.asking import Asks, named
from query_api.http.bodies import Body, speakable
from query_api.http.parts import Needs, Parts
from query_api.http.problems import ProblemError, responses
from query_api.http.swipes import ACK_S
from query_api.http.tracing import traceparent
from query_api.http.videos import VideoId
from query_api.readmodel.store import Row
from query_api.readmodel.tables import week_of
from query_api.serving import SOURCE
from query_api.states import Status, VideoState, live_revision, moment, state
from schemas import ids
from schemas.base import ViewerId, now_us, rising
from schemas.cards import VideoCard
from schemas.envelope import root
from schemas.swipes import Action, Report, ReportReason, SwipeRecorded
from schemas.videos import VideoWithdrawn

router = APIRouter(prefix="/v1", tags=["feed"])

Viewer = Annotated[ViewerId | None, Query(description="whose; with a token, the token says so")]
#: Weeks that a history goes back: rows are kept for 14.
WEEKS = 14


class Only(StrEnum):
    """What of a history is asked for."""

    LIKED = "liked"
    WATCHED = "watched"


class HistoryEntry(BaseModel):
    """A video that a viewer did something with. `card` is missing for one that was withdrawn."""

    video_id: str
    at: datetime
    action: Action
    liked: bool
    watched_ms: int | None = None
    card: VideoCard | None = None


class HistoryAnswer(BaseModel):
    """What a viewer saw, the latest first."""

    items: list[HistoryEntry]
    before: int | None = Field(None, description="send it back for what was before these; missing: there is nothing")


class ReportBody(Body):
    """Why a video should not be shown."""

    reason: ReportReason
    detail: Annotated[str, Field(max_length=1000), AfterValidator(speakable)] = ""
    viewer_id: ViewerId | None = None

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"reason": "misleading", "detail": "0:12"}]}}


class ReportEntry(BaseModel):
    """A report. `status` is that of the video now."""

    report_id: str
    video_id: str
    viewer_id: str
    at: datetime
    reason: str
    detail: str = ""
    title: str | None = None
    status: Status | None = None


class ReportsAnswer(BaseModel):
    """Reports, newest first."""

    reports: list[ReportEntry]


class WithdrawBody(Body):
    """Why a video is taken out of every feed."""

    reason: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(speakable)]

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"reason": "reported as misleading"}]}}


@router.get(
    "/history",
    response_model=HistoryAnswer,
    response_model_exclude_none=True,
    summary="What a viewer saw",
    responses=responses(401, 403, 422, 429, 503),
)
async def history(
    parts: Needs,
    asks: Asks,
    viewer: Viewer = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    before: Annotated[int | None, Query(ge=0, le=2**53, description="from the answer before this one")] = None,
    only: Only | None = None,
) -> HistoryAnswer:
    """The latest first. What the viewer reported, or does not want to see, is not in it."""
    who = named(await asks.viewer(viewer))
    rows = await _acted(parts, who, before or 2**62, only, limit + 1)
    cards = await asyncio.gather(*(_card(parts, row["video_id"]) for row in rows[:limit]))
    items = [_entry(row, card) for row, card in zip(rows[:limit], cards, strict=True)]
    return HistoryAnswer(items=items, before=rows[limit - 1]["swiped_us"] if len(rows) > limit else None)


async def _acted(parts: Parts, viewer: str, before: int, only: Only | None, most: int) -> list[Row]:
    """Week by week, until there are enough."""
    found: list[Row] = []
    last = week_of(min(before, now_us()))
    for week in range(last, max(0, last - WEEKS), -1):
        rows = [row for row in await parts.read.history(viewer, week) if _meant(row, before, only)]
        found += sorted(rows, key=lambda row: -row["swiped_us"])
        if len(found) >= most:
            break
    return found[:most]


def _meant(row: Row, before: int, only: Only | None) -> bool:
    if not row["swiped_us"] or row["swiped_us"] >= before or row["hidden"]:
        return False
    return only is None or bool(row["liked"] if only is Only.LIKED else row["watched_ms"])


async def _card(parts: Parts, video_id: str) -> VideoCard | None:
    found = state(await parts.read.revisions(video_id), ())
    return parts.urls.card(found.card) if found and found.card and found.status is Status.PUBLISHED else None


def _entry(row: Row, card: VideoCard | None) -> HistoryEntry:
    return HistoryEntry(
        video_id=row["video_id"],
        at=moment(row["swiped_us"]),
        action=Action(row["action"]),
        liked=bool(row["liked"]),
        watched_ms=row["watched_ms"],
        card=card,
    )


@router.post(
    "/videos/{video_id}/report",
    status_code=202,
    summary="Report a video",
    response_class=Response,
    responses=responses(400, 401, 403, 404, 413, 422, 429, 503),
)
async def report(video_id: VideoId, body: ReportBody, request: Request, parts: Needs, asks: Asks) -> Response:
    """An operator will look at it. The viewer does not see it again, whatever becomes of that."""
    who = named(await asks.viewer(body.viewer_id))
    found = state(await parts.read.revisions(video_id), ())
    if found is None or found.status is not Status.PUBLISHED:
        raise NotFoundError(f"There is no video {video_id}.")
    viewer = parts.feed.viewers.known(who)
    event = SwipeRecorded(
        viewer_id=who,
        video_id=video_id,
        action=Action.REPORTED,
        subject=found.subject,
        archetype=found.archetype,
        report=Report(reason=body.reason, detail=body.detail),
        ts_us=viewer.next_us(),
    )
    # Once by each viewer and reason, however often it is sent.
    own = ids.derive(f"{who}/{video_id}/{body.reason}", "report")
    await parts.publisher.publish(
        root(event, source=SOURCE, event_id=own, traceparent=traceparent(request)), timeout=ACK_S
    )
    viewer.note_swiped({video_id: event.ts_us})
    measures.SWIPES.labels(Action.REPORTED.value).inc()
    return Response(status_code=202)


@router.get(
    "/reports",
    response_model=ReportsAnswer,
    response_model_exclude_none=True,
    summary="What viewers reported",
    tags=["operation"],
    responses=responses(401, 403, 422, 429, 503),
)
async def reports(
    parts: Needs, asks: Asks, weeks: Annotated[int, Query(ge=1, le=52, description="how far back")] = 4
) -> ReportsAnswer:
    """For operators: newest first, at most 500."""
    await asks.operator()
    now = week_of(now_us())
    found = await asyncio.gather(*(parts.read.reports(week) for week in range(now, max(-1, now - weeks), -1)))
    rows = [row for one in found for row in one][:500]
    videos = list({row["video_id"]: None for row in rows})
    states = await asyncio.gather(*(parts.read.revisions(video) for video in videos))
    known = {video: state(one, ()) for video, one in zip(videos, states, strict=True)}
    return ReportsAnswer(reports=[_reported(row, known) for row in rows])


def _reported(row: Row, known: dict[str, VideoState | None]) -> ReportEntry:
    found = known[row["video_id"]]
    return ReportEntry(
        report_id=row["event_id"],
        video_id=row["video_id"],
        viewer_id=row["viewer_id"],
        at=moment(row["ts_us"]),
        reason=row["reason"],
        detail=row["detail"] or "",
        title=found.title if found else None,
        status=found.status if found else None,
    )


@router.post(
    "/videos/{video_id}/withdraw",
    status_code=202,
    summary="Take a video out of every feed",
    response_class=Response,
    tags=["operation"],
    responses=responses(400, 401, 403, 404, 409, 413, 422, 429, 503),
)
async def withdraw(video_id: VideoId, body: WithdrawBody, request: Request, parts: Needs, asks: Asks) -> Response:
    """For operators: the revision that viewers see leaves every feed, and clients are told."""
    who = await asks.operator()
    rows = await parts.read.revisions(video_id)
    if not rows:
        raise NotFoundError(f"There is no video {video_id}.")
    event = VideoWithdrawn(
        video_id=video_id,
        revision=_shown(rows),
        ts_us=rising(_last_us(rows)),
        reason=body.reason,
        by=who.viewer_id or "operator",
    )
    await parts.publisher.publish(root(event, source=SOURCE, traceparent=traceparent(request)), timeout=ACK_S)
    return Response(status_code=202)


def _shown(rows: Sequence[Row]) -> int:
    live = live_revision(rows)
    if live is None:
        raise ProblemError(409, "not-now", "Nobody sees that video.")
    return live


def _last_us(rows: Sequence[Row]) -> int:
    last: int = max(value for row in rows for name, value in row.items() if name.endswith("_us") and value)
    return last
