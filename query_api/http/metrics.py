"""`GET /metrics`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from infra.errors import NotFoundError
from query_api.http.parts import Needs
from query_api.http.problems import responses

router = APIRouter(tags=["operation"])

#: What proxies add to a request that they pass on.
FORWARDED = ("forwarded", "x-forwarded-for")


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response, responses=responses(404))
async def metrics(request: Request, parts: Needs) -> Response:
    """Everything that this process measures, in the text format of Prometheus. Who comes through a proxy gets none."""
    if any(header in request.headers for header in FORWARDED):
        raise NotFoundError("Metrics are told to those alone who ask without a proxy.")
    await parts.health.parts()  # this is what measures the lag
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
