"""`POST /v1/swipes`: what a viewer did becomes events."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request

from query_api.http import measures
from query_api.http.answers import SwipesAnswer
from query_api.http.asking import Asks, named
from query_api.http.bodies import SwipeBody, SwipesBody
from query_api.http.parts import Needs, Parts
from query_api.http.problems import responses
from query_api.http.tracing import traceparent
from query_api.serving import SOURCE
from schemas import ids
from schemas.base import utcnow
from schemas.envelope import Envelope, root
from schemas.swipes import SwipeRecorded

router = APIRouter(tags=["feed"])

ACK_S = 0.9
#: A client's clock is believed within these bounds.
OLDEST, NEWEST = timedelta(days=7), timedelta(minutes=1)


@router.post(
    "/v1/swipes",
    status_code=202,
    response_model=SwipesAnswer,
    summary="Say what a viewer did",
    responses=responses(400, 401, 403, 413, 422, 503),
)
async def swipes(body: SwipesBody, request: Request, parts: Needs, asks: Asks) -> SwipesAnswer:
    """Takes in what a viewer watched, skipped or liked, in order; answers when the log has all of it.

    After a 503 send the same batch again: swipes with a `swipe_id` are counted once.
    """
    who = named(await asks.viewer(body.viewer_id))
    topics = await _topics(parts, {swipe.video_id for swipe in body.swipes})
    trace = traceparent(request)
    events = [_event(parts, who, swipe, topics.get(swipe.video_id), trace) for swipe in body.swipes]
    await asyncio.gather(*(parts.publisher.publish(event, timeout=ACK_S) for event in events))
    parts.feed.viewers.known(who).note_swiped({event.data.video_id: event.data.ts_us for event in events})
    for event in events:
        measures.SWIPES.labels(event.data.action.value).inc()
    return SwipesAnswer(accepted=len(events))


async def _topics(parts: Parts, videos: set[str]) -> dict[str, tuple[str, str]]:
    """Subject and archetype of the videos that are published."""
    missing = [video for video in videos if parts.topics.get(video) is None]
    for rows in await asyncio.gather(*(parts.read.revisions(video) for video in missing)):
        if found := next((row for row in reversed(rows) if row["subject"]), None):
            parts.topics.put(found["video_id"], (found["subject"], found["archetype"] or ""))
    return {video: topic for video in videos if (topic := parts.topics.get(video))}


def _event(
    parts: Parts, viewer_id: str, swipe: SwipeBody, topic: tuple[str, str] | None, trace: str | None
) -> Envelope[SwipeRecorded]:
    subject, archetype = topic or (None, None)
    data = SwipeRecorded(
        viewer_id=viewer_id,
        video_id=swipe.video_id,
        action=swipe.action,
        watched_ms=swipe.watched_ms,
        duration_ms=swipe.duration_ms,
        position=swipe.position,
        subject=subject,
        archetype=archetype or None,
        ts_us=parts.feed.viewers.known(viewer_id).next_us(),
    )
    own = ids.derive(f"{viewer_id}/{swipe.swipe_id}", "swipe") if swipe.swipe_id else ids.fresh()
    envelope = root(data, source=SOURCE, event_id=own, traceparent=trace)
    return _at(envelope, swipe.at)


def _at(envelope: Envelope[SwipeRecorded], at: datetime | None) -> Envelope[SwipeRecorded]:
    """Stamped with the client's time where that can be true."""
    if at is None:
        return envelope
    own = at if at.tzinfo else at.replace(tzinfo=UTC)
    now = utcnow()
    if not now - OLDEST <= own <= now + NEWEST:
        return envelope
    return Envelope(
        id=envelope.id,
        source=envelope.source,
        data=envelope.data,
        correlation_id=envelope.correlation_id,
        traceparent=envelope.traceparent,
        time=own,
    )
