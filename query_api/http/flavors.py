"""`GET /v1/flavors`: the presets that a prompt can ask for."""

from __future__ import annotations

from fastapi import APIRouter

from infra.errors import NotFoundError
from infra.flavor_names import names
from infra.flavors import Flavor, get_flavor, list_flavors
from infra.settings import Settings
from query_api.http.answers import FlavorAnswer, FlavorsAnswer
from query_api.http.asking import Asks
from query_api.http.parts import Needs
from query_api.http.problems import FieldProblem, ProblemError, responses

router = APIRouter(tags=["prompts"])


@router.get("/v1/flavors", response_model=FlavorsAnswer, summary="List the flavors", responses=responses(401, 403))
async def flavors(parts: Needs, asks: Asks) -> FlavorsAnswer:
    """Every flavor that this installation has. Files that change are read again."""
    await asks.viewer()
    return FlavorsAnswer(flavors=[_answer(flavor) for flavor in list_flavors(parts.settings)])


def check(settings: Settings, name: str, text: str, archetype: str | None = None) -> None:
    """Refuse a flavor or an archetype that does not exist, and a prompt that is too long for the flavor."""
    listed = names().get("archetypes", ())
    if archetype and listed and archetype not in listed:
        there = f"There are: {', '.join(listed)}."
        raise _refused("unknown-archetype", f"There is no archetype {archetype!r}.", "#/archetype", there)
    try:
        flavor = get_flavor(name, settings)
    except NotFoundError as error:
        raise _refused("unknown-flavor", f"There is no flavor {name!r}.", "#/flavor", str(error.hint)) from error
    if len(text) > flavor.limits.prompt_characters:
        most = f"at most {flavor.limits.prompt_characters} characters for flavor {name!r}"
        raise _refused("invalid-request", "The prompt is too long.", "#/text", most)


def _refused(slug: str, detail: str, pointer: str, why: str) -> ProblemError:
    return ProblemError(422, slug, detail, errors=[FieldProblem(pointer=pointer, detail=why)])


def _answer(flavor: Flavor) -> FlavorAnswer:
    return FlavorAnswer(
        name=flavor.name,
        title=flavor.title,
        description=flavor.description,
        language=flavor.language,
        format=flavor.format.value,
        target_seconds=flavor.target_seconds,
        prompt_characters=flavor.limits.prompt_characters,
        archetypes=list(flavor.archetypes),
        generates=flavor.scene_backend != "procedural",
        styles=dict(flavor.styles),
        guidance=flavor.guidance,
    )
