"""How far the projection is: one row per partition, written after the rows of the records before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.kafka.offsets import Partition
from infra.kafka.records import Raw, Received
from query_api.readmodel.tables import Write

#: The topics that are projected.
TOPICS = ("prompts", "swipes", "video-events", "feed-events", "project-events", "uploads", "replays", "viewers")
#: The projection, and the consumer group and dead-letter topic that belong to it.
NAME = "projector"


def positions(records: Iterable[Raw | Received], projection: str = NAME) -> list[Write]:
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


def reached(offsets: Mapping[Partition, int], projection: str = NAME) -> list[Write]:
    """The same from offsets: what lies before them need not be a record that could be read."""
    return [
        Write(
            "projection_state",
            {"projection": projection, "topic": topic, "partition": partition, "position": offset},
            offset,
        )
        for (topic, partition), offset in offsets.items()
    ]
