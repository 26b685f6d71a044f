"""What clients see of a video: one card for the feed, for `GET /v1/videos/{id}` and for a push."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class RenditionCard(BaseModel):
    """The same video in another size."""

    video: str
    width: int
    height: int
    size: int = Field(description="bytes")


class Media(BaseModel):
    """Addresses of a video's files, below the API's origin. What is behind one never changes.

    Where tokens are required they are signed, and good for some hours: use them as they come.
    """

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
