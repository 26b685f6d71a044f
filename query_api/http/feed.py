"""`GET /v1/feed`: the next videos for a viewer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from query_api.feed import Choice
from query_api.http import measures
from query_api.http.answers import FeedAnswer
from query_api.http.asking import Asks, named
from query_api.http.parts import Needs, Parts
from query_api.http.problems import responses
from schemas.base import ViewerId

router = APIRouter(tags=["feed"])


@router.get(
    "/v1/feed",
    response_model=FeedAnswer,
    response_model_exclude_none=True,
    summary="The next videos for a viewer",
    responses=responses(401, 403, 422, 429, 503) | {304: {"description": "Nothing is new"}},
)
async def feed(
    parts: Needs,
    asks: Asks,
    viewer: Annotated[ViewerId | None, Query(description="who watches; with a token, the token says so")] = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
    cursor: Annotated[str | None, Query(max_length=4096, description="from the answer before this one")] = None,
    if_none_match: Annotated[str | None, Header(description="the `ETag` of before: 304 when nothing is new")] = None,
) -> Response:
    """Unseen videos: those made for the viewer first, then what they like, then the newest.

    A walk begins without a cursor and never shows a video twice. A new walk offers again what was served before but
    never watched, after everything that was never served. Fewer videos than asked for: there are no more right now.

    The `ETag` says up to where the read model was read for this viewer: while nothing new is there, and the viewer has
    swiped nothing, a request with it gets a 304, and nothing counts as served.
    """
    who = named(await asks.viewer(viewer))
    walk = parts.cursors.read(cursor, who) if cursor else None
    if if_none_match and if_none_match == await parts.feed.mark(who):
        return Response(status_code=304, headers={"ETag": if_none_match})
    chosen, after = await parts.feed.serve(who, limit, walk)
    for choice in chosen:
        measures.FEED_ITEMS.labels(choice.reason.value).inc()
    if not chosen:
        measures.FEED_EMPTY.inc()
    headers = {"ETag": parts.feed.last_mark(who)}
    return Response(
        _body(parts, chosen, parts.cursors.sign(after, who)), media_type="application/json", headers=headers
    )


def _body(parts: Parts, chosen: list[Choice], cursor: str) -> str:
    """A FeedAnswer. The cards are JSON already: putting them together as text takes a tenth of the time."""
    cards = (f'{parts.urls.text(choice.item.card)[:-1]},"reason":"{choice.reason}"}}' for choice in chosen)
    return f'{{"items":[{",".join(cards)}],"cursor":"{cursor}"}}'
