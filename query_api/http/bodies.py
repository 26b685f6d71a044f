"""What clients send. Unknown fields are refused: a typo must not be ignored."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from schemas.base import Slug, Uuid, ViewerId
from schemas.footage import Move
from schemas.projects import SCENES_MAX
from schemas.prompts import PromptText
from schemas.swipes import Action
from schemas.values import Lane

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def speakable(text: str) -> str:
    """Line breaks and tabs are fine; other control characters can be neither spoken nor shown."""
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


def _written(value: object) -> object:
    """Times are texts (RFC 3339): a bare number says neither its unit nor its zone."""
    if isinstance(value, int | float):
        raise ValueError("a time is written as text")
    return value


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


#: The shape of the picture, as people name it: `schemas.values.RATIOS`.
Shape = Literal["9:16", "16:9", "1:1"]
#: The name of a speaker.
Voice = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._+-]{1,100}$")]


class FootageBody(Body):
    """An upload of one's own, behind the words of a scene."""

    upload_id: Uuid
    scene_number: int | None = Field(None, ge=1, le=SCENES_MAX, description="none: spread over all scenes")
    focus_x: float = Field(0.5, ge=0, le=1)
    focus_y: float = Field(0.5, ge=0, le=1)
    move: Move = Move.AUTO
    start_s: float = Field(0.0, ge=0, le=3600, description="where a clip begins")
    credit: Annotated[str, StringConstraints(max_length=300), AfterValidator(speakable)] = ""


class PromptBody(Body):
    """A video to be made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Why do cats purr?", "viewer_id": "anna", "target_seconds": 20}]}
    )

    text: Annotated[PromptText, AfterValidator(speakable)] = Field(description="what the video is about")
    flavor: Slug = Field("default", description="one of `GET /v1/flavors`")
    archetype: Slug | None = Field(None, description="the kind of story; chosen by the prompt when left out")
    target_seconds: float | None = Field(None, ge=15, le=180)
    format: Shape | None = Field(None, description="width to height; the flavor's when left out")
    priority: Lane = Field(Lane.INTERACTIVE, description="`bulk` waits for everything that somebody waits for")
    voice: Voice | None = Field(None, description="a speaker in place of the flavor's")
    footage: list[FootageBody] = Field(
        default_factory=list, max_length=SCENES_MAX, description="uploads of one's own, for the scenes"
    )
    viewer_id: ViewerId | None = Field(
        None, description="who asks: it will come first in their feed; with a token, the token says so"
    )


class SwipeBody(Body):
    """One thing that a viewer did."""

    video_id: Uuid
    action: Action
    watched_ms: int = Field(0, ge=0, le=3_600_000, strict=True)
    duration_ms: int = Field(0, ge=0, le=3_600_000, strict=True, description="of the video; 0 when not known")
    position: int | None = Field(None, ge=0, le=100_000, strict=True, description="place in the feed")
    swipe_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")] | None = Field(
        None, description="chosen by the client: sending a swipe with the same id again counts it once"
    )
    at: Annotated[datetime, BeforeValidator(_written)] | None = Field(
        None, description="when it happened, for swipes that were kept while offline"
    )


class SwipesBody(Body):
    """What a viewer did, in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "viewer_id": "anna",
                    "swipes": [
                        {
                            "video_id": "6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11",
                            "action": "watched",
                            "watched_ms": 15200,
                            "duration_ms": 16000,
                            "swipe_id": "s-41",
                        }
                    ],
                }
            ]
        }
    )

    viewer_id: ViewerId | None = Field(None, description="who did it; with a token, the token says so")
    swipes: list[SwipeBody] = Field(min_length=1, max_length=100)
