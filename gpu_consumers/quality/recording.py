"""What was measured of many clips becomes events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gpu_consumers.quality.distances import SOURCE, DistanceEvent, event_of
from gpu_consumers.quality.fvd import Compared, Network, Owner, digest
from gpu_consumers.quality.span import Span
from infra.kafka.producer import EventProducer
from schemas.base import now_us
from schemas.quality import DistanceMeasured


@dataclass(frozen=True, slots=True)
class Reference:
    """What clips were compared with, and by which network."""

    name: str
    digest: str
    network: str

    @classmethod
    def of(cls, folder: Path, files: Sequence[Path], network: Network) -> Self:
        """A folder of videos."""
        return cls(folder.resolve().name[:200] or "/", digest(files), network.digest)


def record(
    bootstrap: str, found: Sequence[Compared], sets: Mapping[Owner, Sequence[Path]], reference: Reference, span: Span,
    before: Sequence[DistanceEvent],
) -> list[DistanceEvent]:  # fmt: skip
    """Publish each that has a figure; the events. Those of before that are made again stay as they were. Raises
    `UnavailableError`."""
    known = {event.id: event for event in before}
    events = [
        event_of(_measured(one, one.fvd, reference, span), (file.name for file in sets[one.group, one.name]), before)
        for one in found
        if one.fvd is not None
    ]
    producer = EventProducer(bootstrap, SOURCE.strip("/").replace("/", "-"))
    try:
        producer.publish_all([(event, None) for event in events if event.id not in known])
    finally:
        producer.close()
    return [known.get(event.id, event) for event in events]


def _measured(one: Compared, distance: float, reference: Reference, span: Span) -> DistanceMeasured:
    return DistanceMeasured(
        group=one.group, name=one.name[:200], ts_us=now_us(), distance=distance, clips=one.clips,
        made_since_us=span.since_us, made_until_us=span.until_us, reference=reference.digest,
        reference_name=reference.name, reference_clips=one.reference, network=reference.network,
    )  # fmt: skip
