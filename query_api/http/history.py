"""What a viewer saw, liked and watched."""

from __future__ import annotations

import asyncio
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from query_api.http.asking import Asks, named
from query_api.http.parts import Needs, Parts
from query_api.http.problems import responses
from query_api.readmodel.store import Row
from query_api.readmodel.tables import week_of
from query_api.states import Status, moment, state
from schemas.base import ViewerId, now_us
from schemas.cards import VideoCard
from schemas.swipes import Action

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
