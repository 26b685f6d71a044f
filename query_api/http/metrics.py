"""`GET /metrics`."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from query_api.http.parts import Needs

router = APIRouter(tags=["operation"])


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def metrics(parts: Needs) -> Response:
    """Everything that this process measures, in the text format of Prometheus."""
    await parts.health.parts()  # this is what measures the lag
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
