"""The records of a fetch by key, in their order: what can be decided at once, and what must be handled alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.kafka.records import Raw
from schemas import base
from schemas.envelope import Envelope
from schemas.errors import DecodeError


@dataclass(slots=True)
class Line:
    """The events of one key, and the records that they came in."""

    events: list[Envelope[base.Message]] = field(default_factory=list)
    records: list[Raw] = field(default_factory=list)
    done: int = 0  #: how many of them are decided


def record(message: Any) -> Raw:
    """A record as aiokafka has it."""
    return Raw(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=message.timestamp,
        key=message.key,
        value=message.value,
        headers=tuple(message.headers),
    )


def sort(records: Sequence[Raw], alone: Callable[[Raw], bool]) -> tuple[Mapping[bytes, Line], list[Raw]]:
    """Events by key, and the records that are to be handled alone: those that `alone` says, or cannot be decoded.

    No order is lost between a record that cannot be decoded and the others of its key: no state will ever hold it.
    """
    lines: dict[bytes, Line] = {}
    others: list[Raw] = []
    for each in records:
        try:
            event = None if alone(each) else each.decode()
        except DecodeError:
            event = None
        if event is None:
            others.append(each)
            continue
        line = lines.setdefault(each.key or b"", Line())
        line.events.append(event)
        line.records.append(each)
    return lines, others
