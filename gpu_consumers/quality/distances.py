"""Distances of many clips from a reference: events on a topic of their own, each judged by those before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from gpu_consumers.estimates.spread import Observed
from gpu_consumers.quality.watch import outlier
from infra.contracts.slices import Slice
from schemas import ids
from schemas.base import rising
from schemas.envelope import Envelope, root
from schemas.errors import DecodeError
from schemas.quality import DistanceMeasured

TOPIC = "quality"
SOURCE = "/gpu_consumers/quality"
#: Measurements that there must be before anything is said, and how many of the last are looked at. They are made by
#: people, once in a while, and each stands for hundreds of clips.
LEAST, WINDOW = 5, 64
#: With fewer clips the same model is farther from anything: a set is compared with sets at most so many times larger.
SIZES = 2.0


DistanceEvent = Envelope[DistanceMeasured]


def recorded(bootstrap: str) -> list[DistanceEvent]:
    """All that the log holds, in its order, each once. Raises `NotFoundError` where there is no such topic."""
    found: dict[str, DistanceEvent] = {}
    with Slice(bootstrap, TOPIC) as part:
        for record in part:
            try:
                event = record.decode()
            except DecodeError:
                continue
            if isinstance(event.data, DistanceMeasured):
                found.setdefault(event.id, cast(DistanceEvent, event))
    return list(found.values())


def event_of(measured: DistanceMeasured, clips: Iterable[str], before: Sequence[DistanceEvent]) -> DistanceEvent:
    """The event of a measurement of these clips, judged by those before it. The same clips make the same event."""
    own = ids.derive("/".join(_what(measured)), "\n".join(sorted(clips)))
    others = [one.data for one in before if one.id != own]
    after_us = max((one.ts_us for one in others), default=0)
    return root(judge(measured.model_copy(update={"ts_us": rising(after_us)}), others), source=SOURCE, event_id=own)


def judge(measured: DistanceMeasured, before: Iterable[DistanceMeasured]) -> DistanceMeasured:
    """With how many measurements it could be compared with, and what is odd beside them. Pure."""
    alike = [one for one in before if _alike(measured, one)][-WINDOW:]
    known = Observed(WINDOW)
    for one in alike:
        known.add(one.distance)
    odd = outlier(measured.figure, measured.distance, known) if measured.distance > 0 and len(known) >= LEAST else None
    return measured.model_copy(update={"seen": len(alike), "outlier": odd})


def _alike(one: DistanceMeasured, other: DistanceMeasured) -> bool:
    return _what(one) == _what(other) and max(one.clips, other.clips) <= SIZES * min(one.clips, other.clips)


def _what(one: DistanceMeasured) -> tuple[str, ...]:
    return one.group, one.name, one.figure, one.reference, one.network


def newest(events: Iterable[DistanceMeasured]) -> list[DistanceMeasured]:
    """The last one of each group and name beside each reference, models first."""
    last = {_what(one): one for one in sorted(events, key=lambda one: one.ts_us)}
    return sorted(last.values(), key=lambda one: (one.group != "model", one.name, -one.ts_us))
