"""Topic family `uploads`: images and clips that creators brought along."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Message, Micros, Uuid, ViewerId, message
from schemas.footage import FootageKind
from schemas.values import Artifact, Sha256


class UploadEvent(Message):
    """What every event of an upload carries. The same bytes of the same creator are the same upload."""

    upload_id: Uuid
    viewer_id: ViewerId = Field(description="personal data: whose it is")
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.viewer_id


@message("uploads")
class MediaUploaded(UploadEvent):
    """It is in the media store, and was decoded once to see that it is what it says."""

    artifact: Artifact
    kind: FootageKind
    width: int = Field(gt=0, description="pixels, as it is to be seen")
    height: int = Field(gt=0, description="pixels, as it is to be seen")
    duration_ms: int = Field(0, ge=0, description="0 for an image")
    name: Annotated[str, StringConstraints(max_length=200)] = Field("", description="of the file it was")


@message("uploads")
class MediaRemoved(UploadEvent):
    """Its creator took it back."""

    sha256: Sha256
