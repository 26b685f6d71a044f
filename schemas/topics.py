"""Every topic: its key, what it holds, how long, in how many partitions. One migration creates them all.

Groups and tables of Faust are named here too, because their changelogs need as many partitions as their source.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.values import Lane

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FOREVER = -1

#: Group id of the Faust app; its tables' changelogs are named after it.
PROCESSORS = "processors"
#: Tables of the Faust app, each with the topic family that it is partitioned like.
TABLES = {
    "video-state": "video-events",
    "viewer-state": "swipes",
    "project-state": "project-events",
    "parked": "video-events",
}


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic, as the migration makes it."""

    name: str
    family: str  #: which contracts it holds (`Message.FAMILY`); empty: bytes of any family
    key: str
    holds: str
    partitions: int = 4
    retention_ms: int = FOREVER
    compact: bool = False
    #: For a compacted topic: how long an overwritten record may still be in it.
    overwritten_ms: int | None = None
    max_bytes: int = 1_048_588

    @property
    def config(self) -> dict[str, str]:
        """The topic's settings, as Kafka names them."""
        settings = {
            "cleanup.policy": "compact" if self.compact else "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_bytes),
            "message.timestamp.type": "CreateTime",
        }
        if self.overwritten_ms is not None:
            # Kafka never compacts the segment that it writes to: it must end soon, too.
            names = ("segment.ms", "max.compaction.lag.ms", "delete.retention.ms")
            settings |= dict.fromkeys(names, str(self.overwritten_ms)) | {"min.cleanable.dirty.ratio": "0.01"}
        return settings


def lane_topic(lane: Lane) -> str:
    """The topic of scene tasks for a lane."""
    return f"scene-tasks.{lane.value}"


def dead_topic(consumer: str) -> str:
    """Where records go that a consumer cannot handle."""
    return f"{consumer}.dead"


#: Where a record waits before it is tried again, and for how many seconds, in the order in which it goes through them.
TIERS = {"10s": 10.0, "1m": 60.0, "10m": 600.0}
#: The tier without a delay: what an operator sends back, and what comes due for the Faust app.
NOW = "now"


def retry_topic(consumer: str, tier: str) -> str:
    """Where records wait that a consumer will try again."""
    return f"{consumer}.retry.{tier}"


def retry_topics(consumer: str) -> tuple[str, ...]:
    """Every retry topic of a consumer; none for one that is not listed in `CONSUMERS`, such as a rebuild."""
    return tuple(retry_topic(consumer, tier) for tier in (NOW, *TIERS)) if consumer in CONSUMERS else ()


def changelog(table: str) -> str:
    """The changelog topic of a Faust table."""
    return f"{PROCESSORS}-{table}-changelog"


#: Consumers that own retry topics and a dead-letter topic.
CONSUMERS = (PROCESSORS, "script-worker", "scene-worker", "assembly-worker", "projector")

FACTS = (
    Topic(name="swipes", family="swipes", key="viewer_id", holds="what viewers do", retention_ms=400 * DAY_MS),
    Topic(name="prompts", family="prompts", key="video_id", holds="what was asked for"),
    Topic(name="video-events", family="video-events", key="video_id", holds="the life of every video"),
    Topic(
        name="feed-events",
        family="feed-events",
        key="viewer_id",
        holds="what viewers were shown",
        retention_ms=400 * DAY_MS,
    ),
    Topic(name="project-events", family="project-events", key="project_id", holds="the life of every project"),
    Topic(name="uploads", family="uploads", key="viewer_id", holds="images and clips that creators brought along"),
    Topic(name="quality", family="quality", key="name", holds="figures of many clips together", partitions=1),
    Topic(
        name="render-progress",
        family="render-progress",
        key="video_id",
        holds="how far renders are",
        retention_ms=HOUR_MS // 4,
    ),
)
VIEWERS = Topic(name="viewers", family="viewers", key="viewer_id", holds="viewers that were erased")
VIEWER_KEYS = Topic(
    name="viewer-keys", family="", key="hash of a viewer", holds="the keys of viewers' pseudonyms, until erased",
    compact=True, overwritten_ms=HOUR_MS,
)  # fmt: skip
TASKS = (
    Topic(
        name="script-tasks", family="script-tasks", key="video_id", holds="scripts to write",
        retention_ms=7 * DAY_MS,
    ),
    *(
        Topic(
            name=lane_topic(lane), family="scene-tasks", key="scene_id", holds=f"scenes to render, {lane.value}",
            partitions=8, retention_ms=7 * DAY_MS,
        )
        for lane in Lane
    ),
    Topic(
        name="assembly-tasks", family="assembly-tasks", key="video_id", holds="videos to join",
        retention_ms=7 * DAY_MS,
    ),
)  # fmt: skip
DEAD = tuple(
    Topic(
        name=dead_topic(consumer), family="", key="as the source", holds="records that could not be handled, and why",
        partitions=1, retention_ms=28 * DAY_MS, max_bytes=2_097_152,
    )
    for consumer in CONSUMERS
)  # fmt: skip
#: In as many partitions as the topics that the Faust app reads: what is tried again must meet the state of its key.
RETRIES = tuple(
    Topic(
        name=name, family="", key="as the source", holds="records to be tried again, and why",
        retention_ms=28 * DAY_MS, max_bytes=2_097_152,
    )
    for consumer in CONSUMERS
    for name in retry_topics(consumer)
)  # fmt: skip
DECISIONS = Topic(name="dead-decisions", family="dead-decisions", key="letter", holds="what became of dead letters")
REPLAYS = Topic(name="replays", family="replays", key="replay_id", holds="what operators replay, who, why, how far")
PROJECTIONS = Topic(
    name="projections", family="projections", key="projection", holds="versions of the read model", partitions=1
)
CHANGELOGS = tuple(
    Topic(name=changelog(table), family="", key="as the table", holds=f"table {table}", compact=True)
    for table in TABLES
)

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (*FACTS, VIEWERS, VIEWER_KEYS, *TASKS, DECISIONS, REPLAYS, PROJECTIONS, *RETRIES, *DEAD, *CHANGELOGS)
}
