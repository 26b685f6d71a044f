"""Topic family `prompts`: somebody, or something, asks for a video."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Message, Micros, Slug, Uuid, ViewerId, message
from schemas.values import Lane, Origin

#: Longest prompt, in characters.
PROMPT_MAX = 2000
PromptText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=PROMPT_MAX)]


@message("prompts")
class PromptSubmitted(Message):
    """A video was asked for. The video does not exist yet, but has its id already."""

    video_id: Uuid
    text: PromptText
    origin: Origin
    lane: Lane
    viewer_id: ViewerId | None = Field(None, description="personal data: who asked, or for whom it is prefetched")
    flavor: Slug = "default"
    archetype: Slug | None = None
    target_seconds: float | None = Field(None, ge=15, le=180)
    subject: Annotated[str, StringConstraints(max_length=120)] | None = Field(
        None, description="the interest that a prefetch serves"
    )
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.video_id
