"""Small values that several contracts share: lanes, origins, artefacts, sizes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Lane(StrEnum):
    """How urgent work is. Workers prefer the lanes in this order, with ageing."""

    INTERACTIVE = "interactive"  #: somebody waits for it
    PREFETCH = "prefetch"  #: somebody will want it soon
    BULK = "bulk"  #: replays and batches


class Origin(StrEnum):
    """Who asked for a video."""

    PERSON = "person"
    API = "api"
    STARTER = "starter"
    PREFETCH = "prefetch"
    REPLAY = "replay"


class Artifact(Contract):
    """Bytes in the media store, addressed by what they are: `<sha256>.<suffix>`."""

    sha256: Sha256
    suffix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,8}$")]
    media_type: str
    size: int = Field(ge=0, description="bytes")

    @property
    def name(self) -> str:
        """The immutable name under which the store holds it and the API serves it."""
        return f"{self.sha256}.{self.suffix}"


class Rendition(Contract):
    """The same video in another size."""

    artifact: Artifact
    width: int = Field(gt=0, description="pixels")
    height: int = Field(gt=0, description="pixels")


class Judgement(Contract):
    """What one moderator found, at its strongest, and whether that is still allowed."""

    allowed: bool
    moderator: Annotated[str, StringConstraints(max_length=100)]
    category: Annotated[str, StringConstraints(max_length=100)] | None = Field(None, description="none: nothing found")
    rule: Annotated[str, StringConstraints(max_length=200)] | None = Field(None, description="the rule, or the label")
    score: float = Field(0.0, ge=0, le=1)
    threshold: float = Field(0.5, ge=0, le=1, description="from this score on it is refused, by flavor and category")


class Format(StrEnum):
    """The picture's shape, in pixels as width x height."""

    PORTRAIT = "1080x1920"
    LANDSCAPE = "1920x1080"
    SQUARE = "1080x1080"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        width, height = self.value.split("x")
        return int(width), int(height)


#: Formats as people name them: width to height.
RATIOS = {"9:16": Format.PORTRAIT, "16:9": Format.LANDSCAPE, "1:1": Format.SQUARE}
