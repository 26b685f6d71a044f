"""`/v1/projects/…/scenes`: one scene at a time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response

from query_api.http import flavors, uploads
from query_api.http.bodies import FootageBody
from query_api.http.problems import ProblemError
from query_api.http.project_bodies import NewSceneBody, ProjectAnswer, RedoBody, SceneBody
from query_api.http.project_change import CHANGES, Change, Changes
from query_api.projects import commands
from schemas.projects import SCENES_MAX

router = APIRouter(prefix="/v1/projects", tags=["projects"])

SceneNumber = Annotated[int, Path(ge=1, le=SCENES_MAX)]


@router.post("/{project_id}/scenes", response_model=ProjectAnswer, summary="Add a scene", responses=CHANGES)
async def added(body: NewSceneBody, change: Changes) -> Response:
    """Behind scene `after`; those behind it move on by one."""
    words = body.model_dump(exclude={"after"})
    return await change.do(lambda project: commands.add(project, body.after, words))


@router.patch(
    "/{project_id}/scenes/{number}",
    response_model=ProjectAnswer,
    summary="Edit, mute or replace a scene",
    responses=CHANGES,
)
async def scene_edited(number: SceneNumber, body: SceneBody, change: Changes) -> Response:
    """Its words, its picture, its figures, footage of one's own, muted or not. Only this scene is made again."""
    told = body.model_dump(exclude_unset=True, exclude={"footage", "voice"})
    if any(told[name] is None for name in told.keys() - {"chart"}) or not body.model_fields_set:
        said = "Only `chart`, `footage` and `voice` can be null, and something must change."
        raise ProblemError(422, "invalid-request", said)
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
    "/{project_id}/scenes/{number}", response_model=ProjectAnswer, summary="Take a scene out", responses=CHANGES
)
async def scene_removed(number: SceneNumber, change: Changes) -> Response:
    """Those behind it move up."""
    return await change.do(lambda project: commands.remove(project, number))


@router.post(
    "/{project_id}/scenes/{number}/redo", response_model=ProjectAnswer, summary="Redo a scene", responses=CHANGES
)
async def scene_redone(number: SceneNumber, change: Changes, body: RedoBody | None = None) -> Response:
    """The same words, drawn differently: another seed, where nothing else is asked for.

    Styles and guidance tell a generative model how to draw; a drawn look has neither. Which styles there are is said by
    the manifest of the model, which workers have: one that is not in it fails the video, and the reason names it.
    """
    told = body.model_dump(exclude_unset=True) if body else {}
    told = {name: value for name, value in told.items() if value is not None or name in ("styles", "guidance")}
    if "flavor" in told:
        flavors.check(change.parts.settings, told["flavor"], "")
    return await change.do(lambda project: commands.redo(project, number, told))
