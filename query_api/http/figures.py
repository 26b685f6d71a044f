"""`GET /v1/figures`: how the whole system does."""

from __future__ import annotations

from fastapi import APIRouter

from query_api.http.asking import Asks
from query_api.http.figure_answers import FiguresAnswer
from query_api.http.parts import Needs
from query_api.http.problems import responses

router = APIRouter(prefix="/v1", tags=["operation"])


@router.get(
    "/figures",
    response_model=FiguresAnswer,
    response_model_exclude_none=True,
    summary="How the whole system does",
    responses=responses(401, 403, 429),
)
async def figures(parts: Needs, asks: Asks) -> FiguresAnswer:
    """Engagement, success rate, cost per video, queues.

    Counted by the process that answers, from at most 5,000 records of each partition before it started, on. Each
    `window` says since when, and whether that is all that the log holds; another process may have another window.
    """
    await asks.creator()
    return await parts.figures.answer()
