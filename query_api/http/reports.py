"""What viewers report, and what operators are shown of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field

from infra.errors import NotFoundError
from query_api.http import measures
from query_api.http.asking import Asks, named
from query_api.http.bodies import Body, speakable
from query_api.http.parts import Needs
from query_api.http.problems import responses
from query_api.http.swipes import ACK_S
from query_api.http.tracing import traceparent
from query_api.http.videos import VideoId
from query_api.readmodel.store import Row
from query_api.readmodel.tables import week_of
from query_api.serving import SOURCE
from query_api.states import Status, VideoState, moment, state
from schemas import ids
from schemas.base import ViewerId, now_us
from schemas.envelope import root
from schemas.swipes import Action, Report, ReportReason, SwipeRecorded

router = APIRouter(prefix="/v1", tags=["feed"])


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
