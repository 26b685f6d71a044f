"""`GET /v1/live`: what the gateway tells, as server-sent events, for those who can open no websocket."""

from __future__ import annotations

import random
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from infra.errors import UnavailableError
from query_api.gateway import Limits
from query_api.gateway.door import Refusal
from query_api.gateway.hub import TooManyError
from query_api.gateway.requests import Hello
from query_api.gateway.server import Gateway, Stream
from query_api.http.asking import Asks, named
from query_api.http.parts import Needs
from query_api.http.problems import ProblemError, responses
from query_api.http.server import TRANSPORT
from schemas.base import Uuid, ViewerId

router = APIRouter(tags=["live"])

_LIMITS = Limits()
_ABOUT: dict[str, Any] = {
    "description": "Frames of the gateway, in its order; the id of an event is a token to resume with",
    "content": {
        "text/event-stream": {
            "itemSchema": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "description": "a token; none where it does not move"},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
            },
            "example": 'id: AQ…\ndata: {"type":"welcome","protocol":1,"token":"AQ…","resumed":false,"replayed":0,'
            '"beat_s":10.0,"live":true}\n\n',
        }
    },
}

Token = Annotated[str | None, Query(max_length=512, description="where a new stream goes on: a token of before")]
LastEventId = Annotated[
    str | None, Header(max_length=512, description="the newest id that was read; browsers send it by themselves")
]


class EventStream(StreamingResponse):
    """Sends a stream, and lets its client go however it ends."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream) -> None:
        # The connection ends with the stream: what is cut off after it must not be another request's.
        headers = {"X-Accel-Buffering": "no", "Connection": "close"}
        super().__init__(stream.events(), headers=headers)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.leave()


@router.get(
    "/v1/live",
    status_code=200,
    response_class=Response,
    summary="What happens, as it happens",
    responses=responses(401, 403, 422, 429, 503) | {200: _ABOUT},
)
async def live(
    request: Request,
    parts: Needs,
    asks: Asks,
    viewer: Annotated[ViewerId | None, Query(description="who watches; with a token, the token says so")] = None,
    video: Annotated[
        list[Uuid] | None, Query(max_length=_LIMITS.videos, description="whose progress is told; may be repeated")
    ] = None,
    lobby: Annotated[
        bool,
        Query(description="short of videos: tell the progress of starter videos, and what is made ahead for others"),
    ] = False,
    resume: Token = None,
    last_event_id: LastEventId = None,
) -> EventStream:
    """The frames of the gateway, as server-sent events over HTTP.

    Every event that moves the token has it as its id: a browser sends it back as `Last-Event-ID` when it reconnects and
    gets everything that was missed, once and in order, or one `resync`. A comment comes while nothing else does. When
    the server ends a stream, it says so last: `{"type": "close", "code": …, "reason": …}`, with the gateway's codes.
    """
    who = await asks.viewer(viewer)
    named(who)
    if parts.gateway is None:
        raise UnavailableError("This process does not tell what happens.")
    _let_in(parts.gateway, request)
    hello = Hello(type="hello", resume=last_event_id or resume, videos=tuple(video or ()), lobby=lobby)
    transport = request.scope.get("state", {}).get(TRANSPORT)
    try:
        return EventStream(await parts.gateway.stream(hello, who, transport))
    except TooManyError as error:
        raise ProblemError(429, "too-many-connections", "This viewer has too many connections.") from error


def _let_in(gateway: Gateway, request: Request) -> None:
    """As over a websocket: from where, how many, how fast. Raises ProblemError."""
    headers = request.headers
    refusal = gateway.refusal(request.url.path, headers.get("host"), headers.get("origin"))
    if refusal is not None:
        raise _problem(refusal)


def _problem(refusal: Refusal) -> ProblemError:
    later = {"Retry-After": str(random.randint(1, 5))}  # jitter, no secret
    retry = later if refusal.status == 503 else None
    return ProblemError(refusal.status, f"gateway-{refusal.reason}", refusal.text.strip(), headers=retry)
