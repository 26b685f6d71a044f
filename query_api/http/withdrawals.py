"""Operators take videos out of every feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import AfterValidator, Field

from infra.errors import NotFoundError
from query_api.http.asking import Asks
from query_api.http.bodies import Body, speakable
from query_api.http.parts import Needs
from query_api.http.problems import ProblemError, responses
from query_api.http.swipes import ACK_S
from query_api.http.tracing import traceparent
from query_api.http.videos import VideoId
from query_api.readmodel.store import Row
from query_api.serving import SOURCE
from query_api.states import live_revision
from schemas.base import rising
from schemas.envelope import root
from schemas.videos import VideoWithdrawn

router = APIRouter(prefix="/v1", tags=["operation"])


class WithdrawBody(Body):
    """Why a video is taken out of every feed."""

    reason: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(speakable)]

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"reason": "reported as misleading"}]}}


@router.post(
    "/videos/{video_id}/withdraw",
    status_code=202,
    summary="Take a video out of every feed",
    response_class=Response,
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
