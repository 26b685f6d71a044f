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
from schemas.values import Lane, Origin
from schemas.videos import PromptAccepted, VideoEvent, VideoWithdrawn

_OFFSET = iter(range(10**9))


def received() -> Received:
    """An event for everyone, as it comes from the log."""
    return _received(VideoWithdrawn(video_id=ids.fresh(), ts_us=1, reason="bench", by="bench"))


def received_by(viewer_id: str) -> Received:
    """An event for one viewer."""
    return _received(
        PromptAccepted(
            video_id=ids.fresh(), ts_us=1, text="bench", origin=Origin.PERSON, viewer_id=viewer_id,
            lane=Lane.INTERACTIVE, flavor="default",
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
