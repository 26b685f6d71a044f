"""`GET /v1/flavors`: the presets that a prompt can ask for."""

from __future__ import annotations

from fastapi import APIRouter

from infra.settings import Settings
from query_api.http.answers import FlavorAnswer, FlavorsAnswer
from query_api.http.parts import Needs

router = APIRouter(tags=["prompts"])


@router.get("/v1/flavors", response_model=FlavorsAnswer, summary="List the flavors")
async def flavors(parts: Needs) -> FlavorsAnswer:
    """Every flavor that this installation has."""
    return FlavorsAnswer(flavors=_flavors(parts.settings))


def known(settings: Settings) -> frozenset[str]:
    """The names of the flavors."""
    return frozenset(flavor.name for flavor in _flavors(settings))


def _flavors(settings: Settings) -> list[FlavorAnswer]:
    return [FlavorAnswer(name="default")]
