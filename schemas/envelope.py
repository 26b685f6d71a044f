"""The envelope: CloudEvents 1.0 attributes around a contract, and the chain from cause to effect.

Correlation is the root prompt or swipe, causation the direct cause (CloudEvents extension "correlation"); the trace
context is W3C's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from schemas import ids
from schemas.base import Message, utcnow

D = TypeVar("D", bound=Message)
D_co = TypeVar("D_co", bound=Message, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Envelope(Generic[D_co]):
    """One event or task and where it comes from."""

    id: str
    source: str
    data: D_co
    correlation_id: str
    causation_id: str | None = None
    caused_at: datetime | None = None  #: when that was written: since then this one was waited for
    traceparent: str | None = None
    time: datetime = field(default_factory=utcnow)

    @property
    def type(self) -> str:
        """The contract's name."""
        return self.data.TYPE

    @property
    def version(self) -> int:
        """The contract's version."""
        return self.data.VERSION


def root(data: D, *, source: str, event_id: str | None = None, traceparent: str | None = None) -> Envelope[D]:
    """The first event of a chain. With an `event_id` of the caller's, sending it twice is one event."""
    own = event_id or ids.fresh()
    return Envelope(id=own, source=source, data=data, correlation_id=own, traceparent=traceparent or _new_trace(own))


def caused_by(
    cause: Envelope[Message], data: D, *, source: str, step: str, index: int = 0, event_id: str | None = None
) -> Envelope[D]:
    """What follows from `cause`. The id is derived, so a repeated cause repeats the event and adds none.

    With an `event_id`, whichever of several causes comes last makes the same event.
    Where the cause is a task, causation names the fact behind it: lineage runs from fact to fact.
    """
    own = event_id or ids.derive(cause.id, step, index)
    return Envelope(
        id=own,
        source=source,
        data=data,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id if cause.data.TASK else cause.id,
        caused_at=cause.caused_at if cause.data.TASK else cause.time,
        traceparent=_child(cause.traceparent, own),
    )


def _new_trace(own: str) -> str:
    return f"00-{own.replace('-', '')}-{ids.span(own)}-01"


def _child(parent: str | None, own: str) -> str | None:
    """Same trace, new span."""
    if parent is None:
        return None
    version, trace, _, flags = parent.split("-")
    return f"{version}-{trace}-{ids.span(own)}-{flags}"
