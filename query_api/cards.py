"""What clients see of a video: the same card in the feed, in `GET /v1/videos/{id}` and in a push."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, Field

from schemas.values import Artifact
from schemas.videos import PublishedVideo


class Media(BaseModel):
    """Addresses of a video's files, below the API's origin. They are immutable: cache them for ever."""

    video: str = Field(examples=["/media/0f…c1.mp4"])
    cover: str
    captions: str | None = None
    size: int = Field(description="bytes of the video file")


class VideoCard(BaseModel):
    """A video that can be played."""

    video_id: str
    revision: int
    title: str
    subject: str
    archetype: str
    flavor: str
    origin: str
    duration_ms: int
    width: int
    height: int
    media: Media
    published_at: datetime
    reason: str | None = Field(None, description="why it is in this viewer's feed: made_for_you, interest, fresh …")


def address(artifact: Artifact) -> str:
    """The path at which the API serves an artefact."""
    return f"/media/{artifact.name}"


def card(event: PublishedVideo) -> VideoCard:
    """The card of a published video."""
    width, height = event.format.size
    captions = address(event.captions) if event.captions else None
    return VideoCard(
        video_id=event.video_id,
        revision=event.revision,
        title=event.title,
        subject=event.subject,
        archetype=event.archetype,
        flavor=event.flavor,
        origin=event.origin,
        duration_ms=event.duration_ms,
        width=width,
        height=height,
        media=Media(video=address(event.video), cover=address(event.cover), captions=captions, size=event.video.size),
        published_at=datetime.fromtimestamp(event.ts_us / 1_000_000, UTC),
    )
