"""What clients see of a video: the same card in the feed, in `GET /v1/videos/{id}` and in a push."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, Field

from schemas.values import Artifact, Rendition
from schemas.videos import PublishedVideo


class RenditionCard(BaseModel):
    """The same video in another size."""

    video: str
    width: int
    height: int
    size: int = Field(description="bytes")


class Media(BaseModel):
    """Addresses of a video's files, below the API's origin. They are immutable: cache them for ever."""

    video: str = Field(examples=["/media/0f…c1.mp4"])
    cover: str
    captions: str | None = None
    preview: str | None = Field(None, description="three silent seconds, small, made to be looped")
    chapters: str | None = Field(None, description="WebVTT, a chapter for each scene")
    renditions: tuple[RenditionCard, ...] = Field((), description="smaller ones, the largest first")
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
    credits: tuple[str, ...] = Field((), description="who made the footage in it, to be told")
    published_at: datetime
    reason: str | None = Field(None, description="why it is in this viewer's feed: made_for_you, interest, fresh …")


def address(artifact: Artifact) -> str:
    """The path at which the API serves an artefact."""
    return f"/media/{artifact.name}"


def card(event: PublishedVideo) -> VideoCard:
    """The card of a published video."""
    width, height = event.format.size
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
        media=media(event),
        credits=event.credits,
        published_at=datetime.fromtimestamp(event.ts_us / 1_000_000, UTC),
    )


def media(event: PublishedVideo) -> Media:
    """Where its files are."""
    return Media(
        video=address(event.video),
        cover=address(event.cover),
        captions=_maybe(event.captions),
        preview=_maybe(event.preview),
        chapters=_maybe(event.chapters),
        renditions=tuple(map(_rendition, sorted(event.renditions, key=lambda each: -each.width))),
        size=event.video.size,
    )


def _maybe(artifact: Artifact | None) -> str | None:
    return address(artifact) if artifact else None


def _rendition(made: Rendition) -> RenditionCard:
    return RenditionCard(video=address(made.artifact), width=made.width, height=made.height, size=made.artifact.size)
