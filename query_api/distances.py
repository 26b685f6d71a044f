"""What was measured of many clips, for Prometheus: the newest of each, and whether it is far off those before it."""

from __future__ import annotations

from prometheus_client import Gauge

from schemas.base import Message
from schemas.quality import DistanceMeasured

_LABELS = ("group", "name", "reference")
DISTANCE = Gauge("swipestream_clip_distance", "Fréchet distance of clips to a reference, as measured last", _LABELS)
FAR_OFF = Gauge("swipestream_clip_distance_far_off", "1 while that is far above what was measured before", _LABELS)


def show(event: Message) -> None:
    """Take in an event; in the order of the log."""
    if isinstance(event, DistanceMeasured):
        of = (event.group.value, event.name, f"{event.reference_name} {event.reference[:8]}")
        DISTANCE.labels(*of).set(event.distance)
        FAR_OFF.labels(*of).set(event.outlier is not None)
