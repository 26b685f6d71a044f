"""How far the projection is: one row per partition, written after the rows of the records before it.

A position passes what was put aside, too: it is where reading goes on, and the same as the offset of the group.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.kafka.offsets import Partition
from infra.kafka.stretch import Ranges
from query_api.readmodel.tables import Write

#: The topics that are projected.
TOPICS = ("prompts", "swipes", "video-events", "feed-events", "project-events", "uploads", "replays", "viewers")
#: The projection, and the consumer group and dead-letter topic that belong to it.
NAME = "projector"


def positions(offsets: Mapping[Partition, int], projection: str = NAME) -> list[Write]:
    """The next offset of each partition, stamped with itself: it never goes back."""
    return [
        Write(
            "projection_state",
            {"projection": projection, "topic": topic, "partition": partition, "position": offset},
            offset,
        )
        for (topic, partition), offset in offsets.items()
    ]


def left(positions: Mapping[Partition, int], ranges: Ranges) -> dict[Partition, tuple[int, int]]:
    """What of these ranges of the log lies behind the positions, where there is something. What is gone is not left."""
    found = {part: (max(first, positions.get(part, 0)), end) for part, (first, end) in ranges.items()}
    return {part: span for part, span in found.items() if span[0] < span[1]}
