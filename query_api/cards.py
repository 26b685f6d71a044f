"""From a published video to its card."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.cards import Media, RenditionCard, VideoCard
from schemas.values import Artifact, Rendition
from schemas.videos import PublishedVideo, RevisionPromoted


def address(artifact: Artifact) -> str:
    """The path at which the API serves an artefact."""
    return f"/media/{artifact.name}"


def card(event: PublishedVideo) -> VideoCard:
    """The card of a published video. A revision that was promoted keeps the time at which the video first came."""
    width, height = event.format.size
    since_us = event.listed_us if isinstance(event, RevisionPromoted) else event.ts_us
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
        published_at=datetime.fromtimestamp(since_us / 1_000_000, UTC),
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
