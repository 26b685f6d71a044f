"""Errors as RFC 9457 problem details: every error of this API has this shape, the framework's own included."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from infra.errors import BadInputError, NotFoundError, UnavailableError
from infra.telemetry import logs
from query_api.identity.principal import ForbiddenError, UnauthenticatedError
from query_api.projects.commands import NotNowError
from query_api.projects.desk import OutdatedError

log = logs.get("http")

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a client may try again when a part that is needed does not answer.
RETRY_AFTER = 2
#: How a 401 says what it wants (RFC 9110, section 11.6.1).
ASK = {"WWW-Authenticate": "Bearer"}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="JSON pointer into the body, or the name of a parameter", examples=["#/text"])
    detail: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:swipestream:problem:invalid-request"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="the path that was asked for")
    errors: list[FieldProblem] | None = None


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: int, slug: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any):
        super().__init__(detail)
        self.status, self.slug, self.detail, self.headers, self.more = status, slug, detail, headers, more


def problem(
    path: str, status: int, slug: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """The response of a problem."""
    body = Problem(
        type=f"urn:swipestream:problem:{slug}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=path,
        **more,
    )
    return Response(body.model_dump_json(exclude_none=True), status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""
    handlers: dict[type[Exception], Any] = {
        ProblemError: _problem,
        RequestValidationError: _invalid,
        HTTPException: _http,
        UnauthenticatedError: _unauthenticated,
        ForbiddenError: _forbidden,
        OutdatedError: _outdated,
        NotNowError: _not_now,
        UnavailableError: _unavailable,
        NotFoundError: _not_found,
        BadInputError: _bad_input,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses answer with a problem."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


async def _problem(request: Request, error: ProblemError) -> Response:
    return problem(request.url.path, error.status, error.slug, error.detail, headers=error.headers, **error.more)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        detail = f"The body is not JSON: {found[0]['ctx']['error']}."
        return problem(request.url.path, 400, "malformed-json", detail)
    fields = [FieldProblem(pointer=_pointer(one["loc"]), detail=str(one["msg"])[:500]) for one in found[:20]]
    return problem(
        request.url.path, 422, "invalid-request", "The request does not have the form asked for.", errors=fields
    )


def _pointer(location: tuple[int | str, ...]) -> str:
    """`body` locations become JSON pointers (RFC 6901), parameters keep their name."""
    if location and location[0] == "body":
        return "#" + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}"[:100] for part in location[1:])
    return str(location[-1]) if location else ""


async def _http(request: Request, error: HTTPException) -> Response:
    phrase = HTTPStatus(error.status_code).phrase
    slug, detail = _KNOWN.get(error.status_code, (phrase.lower().replace(" ", "-"), str(error.detail)))
    return problem(request.url.path, error.status_code, slug, detail, headers=error.headers)


TOO_LARGE = "The body is larger than this API takes."
TOO_SLOW = "The body came too slowly."
_KNOWN = {
    408: ("too-slow", TOO_SLOW),
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not know that method."),
    413: ("too-large", TOO_LARGE),
}


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("unavailable", path=request.url.path, why=str(error))
    detail = "A part that this needs does not answer right now. Try again in a moment."
    return problem(request.url.path, 503, "unavailable", detail, headers={"Retry-After": str(RETRY_AFTER)})


async def _unauthenticated(request: Request, error: Exception) -> Response:
    return problem(request.url.path, 401, "unauthenticated", str(error), headers=ASK)


async def _forbidden(request: Request, error: Exception) -> Response:
    return problem(request.url.path, 403, "forbidden", str(error))


async def _outdated(request: Request, error: OutdatedError) -> Response:
    headers = {"ETag": f'"{error.version}"'}
    return problem(request.url.path, 412, "version-outdated", str(error), headers=headers)


async def _not_now(request: Request, error: Exception) -> Response:
    return problem(request.url.path, 409, "not-now", str(error))


async def _not_found(request: Request, error: Exception) -> Response:
    return problem(request.url.path, 404, "not-found", str(error))


async def _bad_input(request: Request, error: Exception) -> Response:
    return problem(request.url.path, 422, "invalid-request", str(error))


async def _unexpected(request: Request, error: Exception) -> Response:
    return problem(request.url.path, 500, "internal-error", "Something went wrong here. It has been logged.")
