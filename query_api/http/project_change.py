"""A change of a project that a client asks for, and how it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Request
from fastapi.responses import Response

from infra.errors import NotFoundError
from query_api.http.asking import Asking, Asks
from query_api.http.parts import Needs, Parts
from query_api.http.problems import ProblemError, responses
from query_api.http.project_answers import shown
from query_api.http.project_bodies import ProjectAnswer
from query_api.http.tracing import traceparent
from query_api.identity.principal import Principal
from query_api.projects.desk import Command, Done
from query_api.projects.project import Project
from schemas import ids

ProjectId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="a UUID")]
IfMatch = Annotated[
    str | None, Header(description="the version that the change is meant for, as in `ETag`; `*`: whichever there is")
]

READS = responses(401, 403, 404, 422, 429, 503)
#: 202: the log has the change, the tables do not show it yet.
CHANGES = responses(400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 503) | {
    202: {"description": "It is in the log", "model": ProjectAnswer}
}


@dataclass(frozen=True, slots=True)
class Change:
    """A change that a client asks for: who, of what, and meant for which version."""

    parts: Parts
    asks: Asking
    project_id: str
    expected: int | None
    trace: str | None

    async def do(self, command: Command, status: int = 200) -> Response:
        """Carry it out; the answer is the project after it."""
        who = await self.asks.maker()
        done = await self.parts.desk.do(self.project_id, mine(who), self.expected, command, self.trace)
        return await answer(self.parts, done, status)


async def _change(
    project_id: ProjectId, request: Request, parts: Needs, asks: Asks, if_match: IfMatch = None
) -> Change:
    return Change(parts, asks, project_id, _version(if_match), traceparent(request))


Changes = Annotated[Change, Depends(_change)]


def _version(header: str | None) -> int | None:
    """The version in an If-Match header; None for `*`. Raises ProblemError."""
    if header is None:
        detail = "Say which version the change is meant for: `If-Match` with the ETag, or `*`."
        raise ProblemError(428, "version-missing", detail)
    text = header.strip()
    if text == "*":
        return None
    number = text.removeprefix("W/").strip('"')
    if not number.isdecimal() or len(number) > 9:
        raise ProblemError(412, "version-outdated", "No project ever had that version.")
    return int(number)


def mine(who: Principal) -> Callable[[Project], None]:
    def may(project: Project) -> None:
        if not who.may_see(project.viewer_id):
            raise NotFoundError(f"There is no project {project.project_id}.")

    return may


async def answer(parts: Parts, done: Done, status: int = 200) -> Response:
    project = done.project
    told = await whole(parts, project)
    headers = {"ETag": f'"{project.version}"'}
    if status == 201:
        headers["Location"] = told.links["self"]
    code = status if done.settled else 202
    text = parts.urls.text(told.model_dump_json(exclude_none=True))
    return Response(text, code, headers, "application/json")


async def whole(parts: Parts, project: Project) -> ProjectAnswer:
    """A project with what became of its revisions."""
    if not project.renders:
        return shown(project, (), ())
    video = ids.project_video(project.project_id)
    return shown(project, *await asyncio.gather(parts.read.revisions(video), parts.read.scenes(video)))
