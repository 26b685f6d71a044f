"""Which rows an event writes. Pure: the same event gives the same writes, whatever came before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from query_api.projections import projects, revisions, uploads, videos, viewers
from query_api.projections.events import stored
from query_api.projections.lineage import facts
from query_api.readmodel.tables import Write
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.feeds import FeedServed, InterestChanged
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.swipes import SwipeRecorded
from schemas.uploads import MediaRemoved, MediaUploaded
from schemas.videos import (
    PromptAccepted,
    PromptRejected,
    RevisionDropped,
    RevisionPromoted,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    VideoFailed,
    VideoPublished,
    VideoWithdrawn,
    WorkStopped,
)
from schemas.viewers import ViewerForgotten

#: What each contract writes, besides its place in the story of its video.
HANDLERS: dict[type[Message], Callable[[Any], list[Write]]] = {
    PromptSubmitted: videos.submitted,
    PromptAccepted: videos.accepted,
    PromptRejected: videos.rejected,
    ScriptWritten: videos.scripted,
    SceneVoiced: videos.voiced,
    SceneRendered: videos.rendered,
    VideoPublished: videos.published,
    VideoFailed: videos.failed,
    VideoWithdrawn: videos.withdrawn,
    WorkStopped: videos.stopped,
    RevisionRequested: revisions.requested,
    RevisionPromoted: revisions.promoted,
    RevisionDropped: revisions.dropped,
    MediaUploaded: uploads.uploaded,
    MediaRemoved: uploads.removed,
}
#: The same, for those whose rows name the event itself.
NAMED: dict[type[Message], Callable[[Any], list[Write]]] = {
    FeedServed: viewers.served,
    InterestChanged: viewers.interests,
    SwipeRecorded: viewers.swiped,
    ViewerForgotten: viewers.forgotten,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in the log."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        # Padded, so that the greater text is the later record: it wins among copies of one event.
        return f"{self.topic}/{self.partition:05d}/{self.offset:019d}"


def project(envelope: Envelope[Message], place: Place) -> list[Write]:
    """The writes of an event; none for what no view shows."""
    data = envelope.data
    if named := NAMED.get(type(data)):
        return named(envelope)
    handler, record = HANDLERS.get(type(data)), str(place)
    return [
        *(handler(data) if handler else ()),
        *stored(envelope, record),
        *facts(envelope, record),
        *projects.stored(envelope, record, place.offset),
    ]
