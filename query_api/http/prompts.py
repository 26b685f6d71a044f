"""`POST /v1/prompts`: a prompt becomes an event, once, however often it is sent."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from query_api.http import measures, uploads
from query_api.http.answers import PromptAnswer
from query_api.http.asking import Asks
from query_api.http.bodies import PromptBody
from query_api.http.flavors import check
from query_api.http.parts import Needs, Parts
from query_api.http.problems import ProblemError, responses
from query_api.http.tracing import traceparent
from query_api.serving import SOURCE
from query_api.states import Status, links, state
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.prompts import PromptSubmitted
from schemas.takes import Regeneration, Take
from schemas.values import RATIOS, Origin

router = APIRouter(tags=["prompts"])

IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="the same key with the same body makes one video, ever"),
]
#: Seconds that a client waits for the log at most.
ACK_S = 0.9


@router.post(
    "/v1/prompts",
    status_code=202,
    response_model=PromptAnswer,
    summary="Ask for a video",
    responses=responses(400, 401, 403, 404, 413, 422, 429, 503),
)
async def submit(
    body: PromptBody, request: Request, parts: Needs, asks: Asks, idempotency_key: IdempotencyKey = None
) -> Response:
    """Takes the prompt in and answers at once with the video's id; the video follows in the feed and over the socket.

    With an `Idempotency-Key`, sending the same request again gives the same video; another body with the same key is
    refused with 422.
    """
    viewer = (await asks.maker(body.viewer_id)).viewer_id
    check(parts.settings, body.flavor, body.text, body.archetype)
    cause = ids.derive(f"{viewer or ''}/{idempotency_key}", "prompt") if idempotency_key else ids.fresh()
    video = ids.video_id(cause)
    event = await _event(parts, body, viewer, video)
    if idempotency_key and (answer := await _known(parts, event)):
        return _accepted(answer)
    wanted = root(event, source=SOURCE, event_id=cause, traceparent=traceparent(request))
    envelope = parts.prompts.get(video) or wanted
    # Kept before it is sent: should the answer get lost, the repeated request repeats this very event.
    parts.prompts.put(video, envelope)
    await parts.publisher.publish(envelope, timeout=ACK_S)
    measures.PROMPTS.labels(envelope.data.origin.value).inc()
    return _accepted(PromptAnswer(video_id=video, status=Status.SUBMITTED, links=links(video)))


async def _known(parts: Parts, event: PromptSubmitted) -> PromptAnswer | None:
    """What became of the prompt with this key, None when it has not reached the log. Raises for another body."""
    video = event.video_id
    rows, told = await asyncio.gather(parts.read.revisions(video), parts.read.events(video))
    earlier = parts.prompts.get(video)
    stored = (PromptSubmitted.model_validate_json(row["payload"]) for row in told if row["type"] == event.TYPE)
    before = earlier.data if earlier else next(stored, None)
    if before is not None and before.model_copy(update={"ts_us": event.ts_us}) != event:
        raise ProblemError(422, "idempotency-key-reused", "This Idempotency-Key came with another request before.")
    found = state(rows, ())
    return PromptAnswer(video_id=video, status=found.status, links=found.links) if found else None


async def _event(parts: Parts, body: PromptBody, viewer: str | None, video: str) -> PromptSubmitted:
    footage = [await uploads.footage(parts, viewer or uploads.LOCAL, one) for one in body.footage]
    made = Regeneration(base_revision=1, take=Take(voice=body.voice)) if body.voice else None
    return PromptSubmitted(
        video_id=video,
        text=body.text,
        origin=Origin.PERSON if viewer else Origin.API,
        lane=body.priority,
        viewer_id=viewer,
        flavor=body.flavor,
        archetype=body.archetype,
        target_seconds=body.target_seconds,
        format=RATIOS[body.format] if body.format else None,
        footage=tuple(footage),
        regeneration=made,
        ts_us=now_us(),
    )


def _accepted(answer: PromptAnswer) -> Response:
    return Response(answer.model_dump_json(), 202, {"Location": answer.links["self"]}, "application/json")
