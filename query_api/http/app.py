"""The app: routes, errors, guard, page."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from query_api.http import (
    feed,
    figures,
    flavors,
    guard,
    health,
    history,
    lineage,
    live,
    media,
    metrics,
    page,
    problems,
    project_scenes,
    projects,
    prompts,
    reports,
    sessions,
    swipes,
    uploads,
    videos,
    withdrawals,
)
from query_api.http.parts import Parts

DESCRIPTION = """
Ask for videos, watch them, say what you think of them.

Every error is a problem document (RFC 9457). `503` comes with `Retry-After`: a part that is needed does not answer.
"""


#: What pages of other origins may read of an answer, beside its body.
EXPOSED = ["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "Content-Range"]


def create_app(parts: Parts) -> FastAPI:
    """The ASGI app over `parts`. Starts and stops nothing itself."""
    app = FastAPI(
        title="Swipestream", version=_version(), description=DESCRIPTION, redoc_url=None, redirect_slashes=False
    )
    app.state.parts = parts
    problems.install(app)
    for module in (
        sessions, feed, swipes, live, media, prompts, projects, project_scenes, uploads, videos, history, reports,
        withdrawals, figures, lineage, flavors, health, metrics,
    ):  # fmt: skip
        app.include_router(module.router)
    page.install(app)
    settings = parts.settings
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
            max_age=600,
        )
    app.add_middleware(
        guard.Guard,
        upload=settings.upload_mb * 1_000_000,
        origins=settings.origins,
        local=settings.private,
    )
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document, with problems in place of FastAPI's own validation errors."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        models = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= models.pop("$defs", {}) | {"Problem": models}
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _complete(path, operation)
        app.openapi_schema = document
    return app.openapi_schema


#: What every address of the API may answer, and those that take a body.
_ALWAYS, _WITH_BODY = (401, 403, 422, 429, 503), (400, 408, 413)


def _complete(path: str, operation: dict[str, Any]) -> None:
    """What the guard, the limits and an outage may answer, wherever it is asked."""
    if not path.startswith("/v1/"):
        return
    wanted = _ALWAYS + (_WITH_BODY if "requestBody" in operation else ())
    more = {str(status): told for status, told in problems.responses(*wanted).items()}
    operation["responses"] = dict(sorted((more | operation["responses"]).items()))


def _version() -> str:
    try:
        return version("swipestream")
    except PackageNotFoundError:
        return "0"
