"""Durable frames: which record becomes which frame, and for whom. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.kafka.records import Received
from query_api.cards import card
from query_api.gateway import frames
from query_api.gateway.tokens import Cut
from schemas.base import Message
from schemas.values import Origin
from schemas.videos import (
    PromptAccepted,
    PromptRejected,
    RevisionDropped,
    RevisionPromoted,
    Stage,
    VideoEvent,
    VideoFailed,
    VideoPublished,
    VideoWithdrawn,
)

#: Makes the addresses in a frame what clients can use, at the moment in which it is told.
Seal = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record that clients hear of. `seq` counts the entries of one hub.

    `public` goes to everyone but the owner; None: to nobody; `ahead`: to the lobby, and to those who watch the video.
    `private` goes to the owner, and, where there is nothing public, to those who watch the video; of a later revision
    it goes to them alone. Both are without their token: it is added when they are delivered in their turn, and left out
    when they are told again later.
    """

    seq: int
    partition: int
    offset: int
    timestamp_ms: int
    video_id: str
    owner: str | None
    public: bytes | None
    private: bytes
    token: str
    cut: Cut  #: what `token` says
    seal: Seal = bytes
    revision: int = 1
    ahead: bool = False  #: it was made ahead for its owner: others need it only while they are short of videos

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self.private) + len(self.public or b"") + len(self.token)

    def frame(self, *, private: bool, token: str | None = None) -> bytes | None:
        """What one client gets when its turn comes; None: nothing."""
        bare = self.told(private=private)
        return bare and frames.stamped(bare, token or self.token)

    def told(self, *, private: bool) -> bytes | None:
        """The same without its token."""
        bare = self.private if private else self.public
        return bare and self.seal(bare)


def entry(
    received: Received, seq: int, token: str, cut: Cut, seal: Seal = bytes, owner: str | None = None
) -> Entry | None:
    """The entry of a record; None when clients need not hear of it. `owner`: whose video it is, as far as is known, for
    records that do not say so."""
    event = received.envelope.data
    if not isinstance(event, VideoEvent):
        return None
    public, private = _frames(event, (received.partition, received.offset))
    if private is None:
        return None
    return Entry(
        seq=seq,
        partition=received.partition,
        offset=received.offset,
        timestamp_ms=received.timestamp_ms,
        video_id=event.video_id,
        revision=event.revision,
        owner=getattr(event, "viewer_id", None) or owner,
        public=public,
        private=private,
        token=token,
        cut=cut,
        seal=seal,
        ahead=_ahead(event),
    )


def _frames(event: Message, at: tuple[int, int]) -> tuple[bytes | None, bytes | None]:
    """(public, private)."""
    if isinstance(event, VideoWithdrawn):
        frame = frames.encode("withdrawn", video_id=event.video_id, revision=event.revision, at=at)
        return frame, frame
    if isinstance(event, RevisionPromoted) and event.replaces_draft:
        return _published(event, at)
    if isinstance(event, RevisionDropped):
        why = event.why or None
        return None, frames.revision(event.video_id, event.revision, "dropped", why, at, event.overtaken_by)
    if getattr(event, "revision", 1) > 1:
        return None, _revised(event, at)
    if isinstance(event, VideoPublished):
        return _published(event, at)
    if isinstance(event, PromptAccepted | PromptRejected | VideoFailed):
        return None, frames.encode(**_told(event), video_id=event.video_id, revision=event.revision, at=at)
    return None, None


def _revised(event: Message, at: tuple[int, int]) -> bytes | None:
    """How the making of a candidate ended."""
    match event:
        case VideoPublished():
            return frames.revision(event.video_id, event.revision, "ready", None, at)
        case VideoFailed():
            return frames.revision(event.video_id, event.revision, "failed", event.reason, at)
        case PromptRejected():
            return frames.revision(event.video_id, event.revision, "rejected", event.reason, at)
    return None


def _published(event: VideoPublished | RevisionPromoted, at: tuple[int, int]) -> tuple[bytes, bytes]:
    seen = card(event)
    public = frames.video(seen, "another" if _ahead(event) else "everyone", at)
    return public, frames.video(seen, "you", at) if event.viewer_id else public


def _ahead(event: Message) -> bool:
    return isinstance(event, VideoPublished | RevisionPromoted) and event.origin is Origin.PREFETCH


def _told(event: PromptAccepted | PromptRejected | VideoFailed) -> dict[str, str]:
    if isinstance(event, PromptAccepted):
        return {"kind": "accepted", "text": event.text, "flavor": event.flavor}
    if isinstance(event, PromptRejected):
        return {"kind": "rejected", "stage": Stage.MODERATION.value, "reason": event.reason, "category": event.category}
    return {"kind": "failed", "stage": event.stage.value, "error": event.error, "reason": event.reason}
