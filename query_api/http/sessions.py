"""`POST /v1/sessions`: a token for an anonymous viewer."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from query_api.http.asking import Asks
from query_api.http.bodies import Body
from query_api.http.problems import responses
from schemas.base import ViewerId

router = APIRouter(tags=["sessions"])


class SessionBody(Body):
    """Who is to get a token."""

    viewer_id: ViewerId | None = Field(
        None,
        description="a name that a client has used before; where tokens are required, its own token alone proves it",
    )

    model_config = Body.model_config | {"json_schema_extra": {"examples": [{"viewer_id": "anna"}]}}


class SessionAnswer(BaseModel):
    """A token, and what it is good for."""

    token: str = Field(description="send it as `Authorization: Bearer …`, and in the gateway's `hello`")
    viewer_id: str
    scopes: list[str]
    expires_at: datetime


@router.post(
    "/v1/sessions",
    status_code=201,
    response_model=SessionAnswer,
    summary="A token for a viewer",
    openapi_extra={"security": [{}, {"HTTPBearer": []}]},
    responses=responses(400, 401, 403, 413, 422, 429),
)
async def session(asks: Asks, body: SessionBody | None = None) -> SessionAnswer:
    """A new anonymous viewer; with a token that is still valid, the same viewer again, for as long again."""
    asks.anonymous()
    token, claims = await asks.identity.session(asks.token, body.viewer_id if body else None)
    return SessionAnswer(
        token=token,
        viewer_id=claims.name,
        scopes=sorted(claims.scopes),
        expires_at=datetime.fromtimestamp(int(claims.expires), UTC),
    )
