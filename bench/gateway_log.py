"""What the benches of the gateway append in place of Kafka: events of their own, at the offsets that follow."""

from __future__ import annotations

import time
from typing import Any

from infra.kafka.incarnations import Incarnation
from infra.kafka.records import Raw, Received
from infra.kafka.tail import Batch
from query_api.gateway.journal import DURABLE
from schemas import ids
from schemas.envelope import root
from schemas.values import Artifact, Format, Origin
from schemas.videos import VideoEvent, VideoPublished, VideoWithdrawn
from schemas.works import Cost

_OFFSET = iter(range(10**9))


def received() -> Received:
    """An event for everyone, as it comes from the log."""
    return _received(VideoWithdrawn(video_id=ids.fresh(), ts_us=1, reason="bench", by="bench"))


def received_by(viewer_id: str, at: str) -> Received:
    """A video that was made ahead for one viewer; its title says when it was appended, as `at` does."""
    made = {suffix: Artifact(sha256="0" * 64, suffix=suffix, media_type="x/x", size=1) for suffix in ("mp4", "jpg")}
    return _received(
        VideoPublished(
            video_id=ids.fresh(), ts_us=1, title=f"appended at {at}", subject="bench", archetype="explainer",
            flavor="default", origin=Origin.PREFETCH, viewer_id=viewer_id, video=made["mp4"], cover=made["jpg"],
            duration_ms=20_000, format=Format.PORTRAIT, scene_count=4, cost=Cost(), total_cost=Cost(),
        )
    )  # fmt: skip


def _received(event: VideoEvent) -> Received:
    record = Raw(
        topic=DURABLE, partition=0, offset=next(_OFFSET), timestamp_ms=int(time.time() * 1000),
        key=event.key.encode(), value=b"{}", headers=(),
    )  # fmt: skip
    return Received(raw=record, envelope=root(event, source="bench"))


def batch(records: list[Received], positions: dict[int, int] | None = None) -> Batch:
    """What the tail of the log hands over."""
    ends: dict[Any, int] = {record.partition: record.offset + 1 for record in records} | (positions or {})
    return Batch(
        records=records,
        positions={(DURABLE, number): at for number, at in ends.items()},
        incarnation=Incarnation(ids={DURABLE: "bench"}, ranges={}),
        caught_up=True,
    )
