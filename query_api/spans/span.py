"""What an event is as a span: from its cause until it was written, and, as a child, the work that was done for it.

Everything about a span comes from one record, so it is the same span however often and by whomever it is made: its id
is the event's, its parent's the cause's. Names of attributes follow OpenTelemetry's semantic conventions for messaging
(opentelemetry.io/docs/specs/semconv/messaging/kafka) where these have one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from infra.kafka.records import Received
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.prompts import PromptSubmitted
from schemas.videos import VideoFailed
from schemas.works import Cost

#: What is told of an event where it has it. Nothing that tells of a person, and nothing that somebody wrote.
TOLD = (
    "video_id", "project_id", "revision", "scene_number", "scene_count", "stage", "content", "allowed", "lane",
    "origin", "flavor", "archetype", "writer", "voice", "backend", "model", "look", "duration_ms", "reused", "draft",
    "error",
)  # fmt: skip
#: Nanoseconds since 1970 go no further.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC)
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")

Value = str | bool | int | float


@dataclass(frozen=True, kw_only=True)
class Span:
    """One span. `trace` and the ids are W3C's, in lower-case hex; `failed` says why, where it did."""

    trace: str
    id: str
    parent: str | None
    name: str
    service: str
    start: datetime
    end: datetime
    attributes: Mapping[str, Value]
    consumed: bool = False  #: it follows from another event
    failed: str = ""


def spans(received: Received) -> Iterator[Span]:
    """The span of an event, and of the work for it where it says how long that took. None for one without a trace."""
    envelope, data = received.envelope, received.envelope.data
    if envelope.traceparent is None or envelope.time.tzinfo is None or not _UUID.match(envelope.id):
        return
    start = min(envelope.caused_at or envelope.time, envelope.time)
    if not _EARLIEST <= start <= envelope.time < _LATEST:
        return
    _, trace, carried, _ = envelope.traceparent.split("-")
    own = ids.span(envelope.id)
    event = Span(
        trace=trace, id=own, parent=_parent(envelope, own, carried), name=data.TYPE,
        service=envelope.source.strip("/").replace("/", "."),
        start=start, end=envelope.time,
        attributes={**_place(received), **_told(data)}, consumed=envelope.causation_id is not None,
        failed=data.reason if isinstance(data, VideoFailed) else "",
    )  # fmt: skip
    yield event
    if work := _work(event, getattr(data, "cost", None)):
        yield work


def _parent(envelope: Envelope[Message], own: str, carried: str) -> str | None:
    """Its cause's; of a prompt, with which a trace begins here, that of the client's request, if there is one."""
    cause = envelope.causation_id
    if cause and _UUID.match(cause) and not isinstance(envelope.data, PromptSubmitted):
        return ids.span(cause)
    return None if carried == own else carried


def _work(event: Span, cost: object) -> Span | None:
    """The last part of it, in which somebody worked for it; before that it waited for somebody."""
    if not isinstance(cost, Cost) or not cost.wall_seconds:
        return None
    told: dict[str, Value] = {
        "swipestream.cpu_seconds": cost.cpu_seconds, "swipestream.gpu_seconds": cost.gpu_seconds,
        "swipestream.energy_j": cost.energy_j, f"swipestream.cost_{cost.currency.lower()}": cost.amount,
    }  # fmt: skip
    seconds = min(cost.wall_seconds, (event.end - event.start).total_seconds())
    return Span(
        trace=event.trace, id=ids.span(ids.derive(event.id, "work")), parent=event.id, name=f"{event.name} work",
        service=event.service, start=event.end - timedelta(seconds=seconds), end=event.end, attributes=told,
    )  # fmt: skip


def _place(received: Received) -> dict[str, Value]:
    record = received.raw
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "messaging.message.id": received.envelope.id,
        "messaging.message.conversation_id": received.envelope.correlation_id,
    }


def _told(data: Message) -> dict[str, Value]:
    found = ((name, getattr(data, name, None)) for name in TOLD)
    plain = ((name, value.value if isinstance(value, Enum) else value) for name, value in found)
    return {f"swipestream.{name}": value for name, value in plain if isinstance(value, (str, bool, int, float))}
