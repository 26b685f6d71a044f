"""How far the projection is: one row per partition, written after the rows of the records before it."""

from __future__ import annotations

from collections.abc import Iterable

from infra.kafka.records import Received
from query_api.readmodel.tables import Write

#: The topics that are projected.
TOPICS = ("prompts", "swipes", "video-events", "feed-events")
#: The projection, and the consumer group and dead-letter topic that belong to it.
NAME = "projector"


def positions(records: Iterable[Received], projection: str = NAME) -> list[Write]:
    """The next offset of every partition among `records`."""
    last = {(record.topic, record.partition): record for record in records}
    return [
        Write(
            "projection_state",
            {
                "projection": projection,
                "topic": record.topic,
                "partition": record.partition,
                "position": record.offset + 1,
                "event_us": record.timestamp_ms * 1000,
            },
            record.offset + 1,
        )
        for record in last.values()
    ]
