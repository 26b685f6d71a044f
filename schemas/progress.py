"""Topic family `render-progress`: how far a render is. Only the newest record of a video matters."""

from __future__ import annotations

from pydantic import Field

from schemas.base import Message, Micros, Uuid, message
from schemas.videos import Stage


@message("render-progress")
class RenderProgress(Message):
    """A stage of a video is `fraction` done."""

    video_id: Uuid
    revision: int = Field(1, ge=1)
    stage: Stage
    scene_number: int | None = Field(None, ge=1)
    scene_count: int | None = Field(None, ge=1)
    fraction: float = Field(ge=0, le=1)
    left_s: float | None = Field(None, ge=0, description="seconds until the stage is expected to be done")
    preview: str | None = Field(None, max_length=60_000, description="a small JPEG, base64")
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.video_id
