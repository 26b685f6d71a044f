"""Images and clips that are seen behind the words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract
from schemas.values import Artifact


class FootageKind(StrEnum):
    """What footage is."""

    IMAGE = "image"
    CLIP = "clip"


class FootageOrigin(StrEnum):
    """Where footage comes from."""

    UPLOAD = "upload"  #: somebody's own, uploaded
    STOCK = "stock"  #: found in a stock library


class Move(StrEnum):
    """How the view moves over an image (a clip moves by itself, and is only cropped)."""

    AUTO = "auto"  #: chosen by the scene's seed
    IN = "in"  #: a slow zoom towards the focus
    OUT = "out"  #: a slow zoom away from it
    PAN = "pan"  #: along the longer side


class Footage(Contract):
    """An image or a clip that a scene shows behind its words."""

    artifact: Artifact
    kind: FootageKind
    origin: FootageOrigin = FootageOrigin.UPLOAD
    scene_number: int | None = Field(None, ge=1, le=20, description="the scene that shows it; none: spread over all")
    focus_x: float = Field(0.5, ge=0, le=1, description="what stays in view when it is cropped, from the left")
    focus_y: float = Field(0.5, ge=0, le=1, description="the same, from the top")
    move: Move = Move.AUTO
    start_s: float = Field(0.0, ge=0, le=3600, description="where a clip begins; one that is too short is repeated")
    credit: Annotated[str, StringConstraints(max_length=300)] = Field("", description="who made it, as it must be told")
    licence: Annotated[str, StringConstraints(max_length=200)] = ""
    source: Annotated[str, StringConstraints(max_length=1000)] = Field("", description="the page it was found on")
