"""`/v1/projects`: from an idea to a script, from the script to a video, one scene at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import Response

from infra.errors import NotFoundError
from query_api.http import flavors, uploads
from query_api.http.asking import Asking, Asks
from query_api.http.bodies import FootageBody
from query_api.http.parts import Needs, Parts
from query_api.http.problems import ProblemError, responses
from query_api.http.project_answers import shown
from query_api.http.project_bodies import (
    DraftBody,
    EditBody,
    NewSceneBody,
    OpenBody,
    OrderBody,
    ProjectAnswer,
    ProjectEntry,
    ProjectEventAnswer,
    ProjectEventsAnswer,
    ProjectsAnswer,
    RedoBody,
    SceneBody,
)
from query_api.http.prompts import IdempotencyKey
from query_api.http.tracing import traceparent
from query_api.identity.principal import Principal
from query_api.projects import commands, promotion
from query_api.projects.desk import Command, Done
from query_api.projects.project import Project
from query_api.states import moment
from schemas import ids
from schemas.base import now_us
from schemas.projects import SCENES_MAX, Idea, ProjectOpened
from schemas.values import RATIOS, Script

router = APIRouter(prefix="/v1/projects", tags=["projects"])

ProjectId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="a UUID")]
SceneNumber = Annotated[int, Path(ge=1, le=SCENES_MAX)]
IfMatch = Annotated[
    str | None, Header(description="the version that the change is meant for, as in `ETag`; `*`: whichever there is")
]

_READS = responses(401, 403, 404, 422, 429, 503)
#: 202: the log has the change, the tables do not show it yet.
_CHANGES = responses(400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 503) | {
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
        done = await self.parts.desk.do(self.project_id, _mine(who), self.expected, command, self.trace)
        return await _answer(self.parts, done, status)


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


def _mine(who: Principal) -> Callable[[Project], None]:
    def may(project: Project) -> None:
        if not who.may_see(project.viewer_id):
            raise NotFoundError(f"There is no project {project.project_id}.")

    return may


async def _answer(parts: Parts, done: Done, status: int = 200) -> Response:
    project = done.project
    answer = await whole(parts, project)
    headers = {"ETag": f'"{project.version}"', "Cache-Control": "no-store"}
    if status == 201:
        headers["Location"] = answer.links["self"]
    code = status if done.settled else 202
    told = parts.urls.text(answer.model_dump_json(exclude_none=True))
    return Response(told, code, headers, "application/json")


async def whole(parts: Parts, project: Project) -> ProjectAnswer:
    """A project with what became of its revisions."""
    if not project.renders:
        return shown(project, (), ())
    video = ids.project_video(project.project_id)
    return shown(project, *await asyncio.gather(parts.read.revisions(video), parts.read.scenes(video)))


@router.post("", status_code=201, response_model=ProjectAnswer, summary="Open a project", responses=_CHANGES)
async def opened(
    body: OpenBody, request: Request, parts: Needs, asks: Asks, idempotency_key: IdempotencyKey = None
) -> Response:
    """An idea becomes a draft of a script; a script that comes along is taken as it is. Nothing is rendered yet.

    With an `Idempotency-Key`, sending the same request again gives the same project.
    """
    owner = (await asks.maker(body.viewer_id)).viewer_id or uploads.LOCAL
    flavors.check(parts.settings, body.flavor, body.text)
    project_id = ids.derive(f"{owner}/{idempotency_key}" if idempotency_key else ids.fresh(), "project")
    event = ProjectOpened(
        project_id=project_id,
        version=1,
        viewer_id=owner,
        ts_us=now_us(),
        idea=await _idea(parts, owner, body),
        voice=body.voice,
        script=_numbered(body.script),
    )
    await _same_as_before(parts, event)
    done = await parts.desk.open(event, ids.derive(project_id, "opened"), traceparent(request))
    return await _answer(parts, done, 201)


async def _idea(parts: Parts, owner: str, body: OpenBody) -> Idea:
    footage = [await uploads.footage(parts, owner, one) for one in body.footage]
    told = body.model_dump(include={"text", "flavor", "archetype", "target_seconds"})
    shape = RATIOS[body.format] if body.format else None
    return Idea(**told, format=shape, footage=tuple(footage))


def _numbered(script: Script | None) -> Script | None:
    if script is None:
        return None
    if [scene.scene_number for scene in script.scenes] != list(range(1, len(script.scenes) + 1)):
        raise ProblemError(422, "invalid-request", "The scenes must be numbered from 1 without a gap.")
    if any(scene.footage for scene in script.scenes):
        raise ProblemError(
            422, "invalid-request", "Footage of a scene is given by its upload, once the project is open."
        )
    return script


async def _same_as_before(parts: Parts, event: ProjectOpened) -> None:
    """A key that came with another request before is refused."""
    rows = await parts.read.project(event.project_id)
    if rows and ProjectOpened.model_validate_json(rows[0]["payload"]).idea != event.idea:
        raise ProblemError(422, "idempotency-key-reused", "This Idempotency-Key came with another request before.")


@router.get(
    "", response_model=ProjectsAnswer, response_model_exclude_none=True, summary="List projects", responses=_READS
)
async def listed(parts: Needs, asks: Asks) -> ProjectsAnswer:
    """One's own, changed last first."""
    owner = (await asks.creator()).viewer_id or uploads.LOCAL
    rows = [row for row in await parts.read.projects(owner) if row["opened_us"] and not row["closed_us"]]
    rows.sort(key=lambda row: -row["changed_us"])
    return ProjectsAnswer(
        projects=[
            ProjectEntry(
                project_id=row["project_id"],
                title=row["title"],
                text=row["text"],
                opened_at=moment(row["opened_us"]),
                changed_at=moment(row["changed_us"]),
            )
            for row in rows
        ]
    )


@router.get("/{project_id}", response_model=ProjectAnswer, summary="A project", responses=_READS)
async def project(project_id: ProjectId, parts: Needs, asks: Asks) -> Response:
    """Script, scenes, revisions, cost so far."""
    return await _answer(parts, Done(await _loaded(parts, asks, project_id)))


async def _loaded(parts: Parts, asks: Asking, project_id: str) -> Project:
    who = await asks.creator()
    found = await parts.desk.load(project_id)
    _mine(who)(found)
    return found


@router.get(
    "/{project_id}/events", response_model=ProjectEventsAnswer, summary="The story of a project", responses=_READS
)
async def events(project_id: ProjectId, parts: Needs, asks: Asks) -> ProjectEventsAnswer:
    """Everything that happened to it, in order."""
    await _loaded(parts, asks, project_id)
    rows: Sequence[dict[str, Any]] = await parts.read.project(project_id)
    told = [
        ProjectEventAnswer(
            id=row["event_id"],
            type=row["type"],
            version=row["version"],
            at=moment(row["ts_us"]),
            data=json.loads(row["payload"]),
        )
        for row in rows
    ]
    return ProjectEventsAnswer(project_id=project_id, events=told)


@router.patch("/{project_id}", response_model=ProjectAnswer, summary="Title, mood, flavor, voice", responses=_CHANGES)
async def edited(body: EditBody, change: Changes) -> Response:
    """What holds for the whole video."""
    if body.flavor:
        flavors.check(change.parts.settings, body.flavor, "")
    told = body.model_dump(exclude_unset=True)
    missing = [name for name in ("title", "subject", "mood", "flavor") if name in told and told[name] is None]
    if missing or not told:
        raise ProblemError(422, "invalid-request", f"{missing[0]} cannot be null." if missing else "Nothing to change.")
    return await change.do(lambda project: commands.edit(project, told))


@router.delete("/{project_id}", status_code=204, summary="Throw a project away", responses=_CHANGES)
async def closed(change: Changes) -> Response:
    """What it published stays."""
    await change.do(commands.close)
    return Response(status_code=204)


@router.post("/{project_id}/draft", response_model=ProjectAnswer, summary="Another draft", responses=_CHANGES)
async def drafted(change: Changes, body: DraftBody | None = None) -> Response:
    """In place of the script."""
    told = body.model_dump(exclude_none=True) if body else {}
    return await change.do(lambda project: commands.draft(project, told))


@router.post("/{project_id}/scenes", response_model=ProjectAnswer, summary="Add a scene", responses=_CHANGES)
async def added(body: NewSceneBody, change: Changes) -> Response:
    """Behind scene `after`; those behind it move on by one."""
    words = body.model_dump(exclude={"after"})
    return await change.do(lambda project: commands.add(project, body.after, words))


@router.patch(
    "/{project_id}/scenes/{number}",
    response_model=ProjectAnswer,
    summary="Edit, mute or replace a scene",
    responses=_CHANGES,
)
async def scene_edited(number: SceneNumber, body: SceneBody, change: Changes) -> Response:
    """Its words, its picture, footage of one's own, muted or not. Only this scene is made again."""
    told = body.model_dump(exclude_unset=True, exclude={"footage", "voice"})
    if any(value is None for value in told.values()) or not body.model_fields_set:
        raise ProblemError(422, "invalid-request", "Only `footage` and `voice` can be null, and something must change.")
    if "footage" in body.model_fields_set:
        told["footage"] = await _own_footage(change, body.footage)
    take = {"voice": body.voice} if "voice" in body.model_fields_set else {}
    return await change.do(lambda project: commands.edit_scene(project, number, told, take))


async def _own_footage(change: Change, body: FootageBody | None) -> dict[str, Any] | None:
    if body is None:
        return None
    owner = (await change.asks.creator()).viewer_id or uploads.LOCAL
    return (await uploads.footage(change.parts, owner, body)).model_dump()


@router.delete(
    "/{project_id}/scenes/{number}", response_model=ProjectAnswer, summary="Take a scene out", responses=_CHANGES
)
async def scene_removed(number: SceneNumber, change: Changes) -> Response:
    """Those behind it move up."""
    return await change.do(lambda project: commands.remove(project, number))


@router.post(
    "/{project_id}/scenes/{number}/redo", response_model=ProjectAnswer, summary="Redo a scene", responses=_CHANGES
)
async def scene_redone(number: SceneNumber, change: Changes, body: RedoBody | None = None) -> Response:
    """The same words, drawn differently: another seed, where nothing else is asked for."""
    told = body.model_dump(exclude_none=True) if body else {}
    if "flavor" in told:
        flavors.check(change.parts.settings, told["flavor"], "")
    return await change.do(lambda project: commands.redo(project, number, told))


@router.put("/{project_id}/order", response_model=ProjectAnswer, summary="Reorder the scenes", responses=_CHANGES)
async def arranged(body: OrderBody, change: Changes) -> Response:
    """By the numbers that they have now; each once."""
    return await change.do(lambda project: commands.arrange(project, body.order))


@router.post("/{project_id}/approve", response_model=ProjectAnswer, summary="Approve the script", responses=_CHANGES)
async def approved(change: Changes) -> Response:
    """It may be rendered as it is; any edit takes that back."""
    return await change.do(commands.approve)


@router.post(
    "/{project_id}/render", status_code=202, response_model=ProjectAnswer, summary="Render", responses=_CHANGES
)
async def rendered(change: Changes) -> Response:
    """The video, or its next revision: a candidate that viewers see once it is promoted. Only what changed is made."""
    return await change.do(commands.render, 202)


@router.post(
    "/{project_id}/revisions/{revision}/promote",
    status_code=202,
    response_model=ProjectAnswer,
    summary="Show a revision to viewers",
    responses=_READS | responses(409),
)
async def promoted(
    project_id: ProjectId,
    revision: Annotated[int, Path(ge=1, le=1000)],
    request: Request,
    parts: Needs,
    asks: Asks,
) -> Response:
    """It takes the place of the one before, wherever that stands in the feeds."""
    found = await _loaded(parts, asks, project_id)
    await promotion.promote(parts.read, parts.publisher, found, revision, traceparent(request))
    return await _answer(parts, Done(found), 202)
