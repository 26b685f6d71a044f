"""`/healthz` and `/readyz`: is the process alive, and which of the parts it needs answer?"""

from __future__ import annotations

from fastapi import APIRouter

from query_api.http.answers import ReadyAnswer
from query_api.http.parts import Needs
from query_api.http.problems import RETRY_AFTER, ProblemError, responses

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Is the process alive")
async def healthz() -> dict[str, str]:
    """Answers as long as the process can answer at all."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    response_model=ReadyAnswer,
    response_model_exclude_none=True,
    summary="Can requests be served",
    responses=responses(503),
)
async def readyz(parts: Needs) -> ReadyAnswer:
    """Every part by name; 503 when one that is needed does not answer."""
    found = await parts.health.parts()
    if missing := ", ".join(part.name for part in found if part.needed and not part.ok):
        told = [part.model_dump(exclude_none=True) for part in found]
        headers = {"Retry-After": str(RETRY_AFTER)}
        raise ProblemError(503, "not-ready", f"Not ready: {missing}.", headers=headers, parts=told)
    return ReadyAnswer(ready=True, parts=found)
