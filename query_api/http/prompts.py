"""`POST /v1/prompts`: a prompt becomes an event, once, however often it is sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from query_api.http import measures
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
from schemas.envelope import Envelope, root
from schemas.prompts import PromptSubmitted
from schemas.values import Lane, Origin

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
    responses=responses(400, 401, 403, 413, 422, 503),
)
async def submit(
    body: PromptBody, request: Request, parts: Needs, asks: Asks, idempotency_key: IdempotencyKey = None
) -> Response:
    """Takes the prompt in and answers at once with the video's id; the video follows in the feed and over the socket.

    With an `Idempotency-Key`, sending the same request again gives the same video; another body with the same key is
    refused with 422.
    """
    viewer = (await asks.creator(body.viewer_id)).viewer_id
    check(parts.settings, body.flavor, body.text, body.archetype)
    cause = ids.derive(f"{viewer or ''}/{idempotency_key}", "prompt") if idempotency_key else ids.fresh()
    video = ids.video_id(cause)
    if idempotency_key and (answer := await _known(parts, video, body)):
        return _accepted(answer)
    envelope = parts.prompts.get(video) or _envelope(body, viewer, video, cause, traceparent(request))
    # Kept before it is sent: should the answer get lost, the repeated request repeats this very event.
    parts.prompts.put(video, envelope)
    await parts.publisher.publish(envelope, timeout=ACK_S)
    measures.PROMPTS.labels(envelope.data.origin.value).inc()
    return _accepted(PromptAnswer(video_id=video, status=Status.SUBMITTED, links=links(video)))


async def _known(parts: Parts, video: str, body: PromptBody) -> PromptAnswer | None:
    """What became of the prompt with this key, None when it has not reached the log. Raises for another body."""
    rows = await parts.read.revisions(video)
    earlier = parts.prompts.get(video)
    if earlier is not None:
        _check_same(body, earlier.data.text, earlier.data.flavor, earlier.data.archetype, earlier.data.target_seconds)
    elif first := next((row for row in rows if row["revision"] == 1 and row["prompt"]), None):
        _check_same(body, first["prompt"], first["flavor"], first["wanted_archetype"], first["target_seconds"])
    found = state(rows, ())
    return PromptAnswer(video_id=video, status=found.status, links=found.links) if found else None


def _check_same(body: PromptBody, *earlier: str | float | None) -> None:
    if (body.text, body.flavor, body.archetype, body.target_seconds) != earlier:
        raise ProblemError(422, "idempotency-key-reused", "This Idempotency-Key came with another request before.")


def _envelope(
    body: PromptBody, viewer: str | None, video: str, cause: str, trace: str | None
) -> Envelope[PromptSubmitted]:
    event = PromptSubmitted(
        video_id=video,
        text=body.text,
        origin=Origin.PERSON if viewer else Origin.API,
        lane=Lane.INTERACTIVE,
        viewer_id=viewer,
        flavor=body.flavor,
        archetype=body.archetype,
        target_seconds=body.target_seconds,
        ts_us=now_us(),
    )
    return root(event, source=SOURCE, event_id=cause, traceparent=trace)


def _accepted(answer: PromptAnswer) -> Response:
    return Response(answer.model_dump_json(), 202, {"Location": answer.links["self"]}, "application/json")
