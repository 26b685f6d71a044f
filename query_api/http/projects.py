"""`/v1/projects`: from an idea to a script, from the script to a video, one scene at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from query_api.http import flavors, uploads
from query_api.http.asking import Asking, Asks
from query_api.http.parts import Needs, Parts
from query_api.http.problems import ProblemError, responses
from query_api.http.project_answers import unmade
from query_api.http.project_bodies import (
    DraftBody,
    EditBody,
    OpenBody,
    OrderBody,
    ProjectAnswer,
    ProjectEntry,
    ProjectEventAnswer,
    ProjectEventsAnswer,
    ProjectsAnswer,
)
from query_api.http.project_change import CHANGES, READS, Changes, ProjectId, answer, mine
from query_api.http.prompts import IdempotencyKey
from query_api.http.tracing import traceparent
from query_api.projects import commands, promotion
from query_api.projects.desk import Done
from query_api.projects.project import Project
from query_api.states import moment
from schemas import ids
from schemas.base import now_us
from schemas.projects import Idea, ProjectOpened
from schemas.scripts import Script
from schemas.values import RATIOS

router = APIRouter(prefix="/v1/projects", tags=["projects"])


@router.post("", status_code=201, response_model=ProjectAnswer, summary="Open a project", responses=CHANGES)
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
    return await answer(parts, done, 201)


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
    before = ProjectOpened.model_validate_json(rows[0]["payload"]) if rows else event
    if before.model_copy(update={"ts_us": event.ts_us}) != event:
        raise ProblemError(422, "idempotency-key-reused", "This Idempotency-Key came with another request before.")


@router.get(
    "", response_model=ProjectsAnswer, response_model_exclude_none=True, summary="List projects", responses=READS
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


@router.get("/{project_id}", response_model=ProjectAnswer, summary="A project", responses=READS)
async def project(project_id: ProjectId, parts: Needs, asks: Asks) -> Response:
    """Script, scenes, revisions, cost so far."""
    return await answer(parts, Done(await _loaded(parts, asks, project_id)))


async def _loaded(parts: Parts, asks: Asking, project_id: str) -> Project:
    who = await asks.creator()
    found = await parts.desk.load(project_id)
    mine(who)(found)
    return found


@router.get(
    "/{project_id}/events", response_model=ProjectEventsAnswer, summary="The story of a project", responses=READS
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


@router.patch(
    "/{project_id}", response_model=ProjectAnswer, summary="Title, mood, flavor, voice, styles", responses=CHANGES
)
async def edited(body: EditBody, change: Changes) -> Response:
    """What holds for the whole video."""
    if body.flavor:
        flavors.check(change.parts.settings, body.flavor, "")
    told = body.model_dump(exclude_unset=True)
    missing = [name for name in ("title", "subject", "mood", "flavor") if name in told and told[name] is None]
    if missing or not told:
        raise ProblemError(422, "invalid-request", f"{missing[0]} cannot be null." if missing else "Nothing to change.")
    return await change.do(lambda project: commands.edit(project, told))


@router.delete("/{project_id}", status_code=204, summary="Throw a project away", responses=CHANGES)
async def closed(change: Changes) -> Response:
    """What it published stays."""
    await change.do(commands.close)
    return Response(status_code=204)


@router.post("/{project_id}/draft", response_model=ProjectAnswer, summary="Another draft", responses=CHANGES)
async def drafted(change: Changes, body: DraftBody | None = None) -> Response:
    """In place of the script."""
    told = body.model_dump(exclude_none=True) if body else {}
    return await change.do(lambda project: commands.draft(project, told))


@router.put("/{project_id}/order", response_model=ProjectAnswer, summary="Reorder the scenes", responses=CHANGES)
async def arranged(body: OrderBody, change: Changes) -> Response:
    """By the numbers that they have now; each once."""
    return await change.do(lambda project: commands.arrange(project, body.order))


@router.post("/{project_id}/approve", response_model=ProjectAnswer, summary="Approve the script", responses=CHANGES)
async def approved(change: Changes) -> Response:
    """It may be rendered as it is; any edit takes that back."""
    return await change.do(commands.approve)


@router.post("/{project_id}/render", status_code=202, response_model=ProjectAnswer, summary="Render", responses=CHANGES)
async def rendered(change: Changes) -> Response:
    """The video, or its next revision: a candidate that viewers see once it is promoted. Only what changed is made.

    While an earlier revision is still being made, this one takes its place: that one is dropped, the work on its
    changed scenes stops, the others go on for both. Where it would have been shown by itself, this one is.
    A revision that failed, was refused or dropped may be tried again as it is.
    """
    rows = await change.parts.read.revisions(ids.project_video(change.project_id))
    return await change.do(lambda project: commands.render(project, unmade=unmade(project, rows)), 202)


@router.post(
    "/{project_id}/revisions/{revision}/promote",
    status_code=202,
    response_model=ProjectAnswer,
    summary="Show a revision to viewers",
    responses=READS | responses(409),
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
    return await answer(parts, Done(found), 202)
