"""Records, batches and sinks for the tests of the gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from infra.kafka.incarnations import Incarnation
from infra.kafka.records import Raw, Received
from infra.kafka.tail import Batch
from query_api.gateway.frames import Message
from query_api.gateway.hub import Hub
from query_api.gateway.journal import DURABLE, MOVING
from query_api.gateway.limits import Limits
from query_api.gateway.requests import Hello
from query_api.gateway.tokens import Signer
from schemas import base, ids
from schemas.envelope import root
from schemas.progress import RenderProgress
from schemas.values import Artifact, Format, Lane, Origin
from schemas.videos import PromptAccepted, Stage, VideoFailed, VideoPublished
from schemas.works import Cost

VIEWER, OTHER = "viewer-1", "viewer-2"
KEY = b"k" * 32
LIMITS = Limits(tick_s=0.005, beat_s=0.05, ahead_s=0.1, ring=50, replay=20)


def vid(number: int) -> str:
    """A video id."""
    return ids.video_id(f"test-{number}")


def artifact(suffix: str, digit: str = "a") -> Artifact:
    """An artefact that exists nowhere."""
    return Artifact(sha256=digit * 64, suffix=suffix, media_type="video/mp4", size=1000)


def published(
    number: int, *, origin: Origin = Origin.PERSON, viewer: str | None = None, revision: int = 1
) -> VideoPublished:
    """A published video."""
    return VideoPublished(
        video_id=vid(number),
        revision=revision,
        ts_us=1_700_000_000_000_000 + number,
        title=f"Video {number}",
        subject="cats",
        archetype="explainer",
        flavor="default",
        origin=origin,
        viewer_id=viewer,
        video=artifact("mp4"),
        cover=artifact("jpg", "b"),
        duration_ms=20_000,
        format=Format.PORTRAIT,
        scene_count=4,
        cost=Cost(),
        total_cost=Cost(),
    )


def accepted(number: int, *, origin: Origin = Origin.PERSON, viewer: str | None = VIEWER) -> PromptAccepted:
    """An accepted prompt."""
    return PromptAccepted(
        video_id=vid(number), ts_us=1, text=f"prompt {number}", origin=origin, lane=Lane.INTERACTIVE,
        viewer_id=viewer, flavor="default",
    )  # fmt: skip


def failed(number: int, *, viewer: str | None = VIEWER) -> VideoFailed:
    """A video that will not appear."""
    return VideoFailed(
        video_id=vid(number), ts_us=5, stage=Stage.SCENE, error="BackendError", reason="no luck",
        origin=Origin.PERSON, viewer_id=viewer,
    )  # fmt: skip


def rendering(
    number: int, fraction: float, *, scene: int | None = 1, stage: Stage = Stage.SCENE, preview: str | None = None
) -> RenderProgress:
    """Progress of a render."""
    return RenderProgress(
        video_id=vid(number), stage=stage, scene_number=scene, scene_count=4 if scene else None,
        fraction=fraction, preview=preview, ts_us=3,
    )  # fmt: skip


def received(event: base.Message, offset: int, partition: int = 0, timestamp_ms: int = 0) -> Received:
    """A record of an event, as a tail hands it on."""
    topic = MOVING if isinstance(event, RenderProgress) else DURABLE
    record = Raw(
        topic=topic, partition=partition, offset=offset, timestamp_ms=timestamp_ms, key=event.key.encode(),
        value=b"{}", headers=(),
    )  # fmt: skip
    return Received(raw=record, envelope=root(event, source="test"))


def batch(
    records: Sequence[Received] = (),
    positions: Mapping[int, int] | None = None,
    *,
    incarnation: str = "one",
    broken: bool = False,
    caught_up: bool = True,
) -> Batch:
    """A batch; `positions` are those of the durable topic, by default those after the records."""
    ends = {record.partition: record.offset + 1 for record in records if record.topic == DURABLE}
    named = {(DURABLE, number): at for number, at in (ends if positions is None else positions).items()}
    return Batch(
        records=records,
        positions=named,
        incarnation=Incarnation(ids={DURABLE: incarnation}, ranges={}),
        broken=broken,
        caught_up=caught_up,
    )


def make_hub(limits: Limits = LIMITS) -> Hub:
    """A hub that has read two empty partitions."""
    hub = Hub(Signer(KEY), limits)
    hub.take(batch(positions={0: 0, 1: 0}))
    return hub


def hello(
    viewer: str = VIEWER, *, resume: str | None = None, videos: tuple[str, ...] = (), lobby: bool = False
) -> Hello:
    """What a client says first."""
    return Hello(type="hello", viewer_id=viewer, resume=resume, videos=videos, lobby=lobby)


def begun(hub: Hub, *numbers: int) -> None:
    """It is known whose these are."""
    hub.take(batch([received(accepted(number), number, partition=1) for number in numbers]))


class ListSink:
    """A sink that keeps what it got."""

    def __init__(self, buffered: int = 0) -> None:
        self.messages: list[Message] = []
        self.buffered = buffered

    def offer(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def frames(self) -> list[dict[str, Any]]:
        """Every frame, in order."""
        return [frame for message in self.messages for frame in unpack(message.payload)]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """The frames of some kinds."""
        return [frame for frame in self.frames if frame["type"] in kinds]

    @property
    def token(self) -> str:
        """The newest token."""
        return [frame["token"] for frame in self.frames if frame.get("token")][-1]


def unpack(payload: bytes | str) -> list[dict[str, Any]]:
    """The frames of a message."""
    content = json.loads(payload)
    return content if isinstance(content, list) else [content]
