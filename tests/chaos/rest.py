"""Coming to rest: every consumer has read to the end of its topics, and the ends no longer move."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from query_api.projections.positions import TOPICS as PROJECTED
from schemas.topics import NOW, PROCESSORS, TIERS, TOPICS, lane_topic, retry_topic, retry_topics
from schemas.values import Lane

#: What each consumer group reads.
GROUPS: dict[str, tuple[str, ...]] = {
    PROCESSORS: ("prompts", "video-events", "swipes", "feed-events", "project-events", retry_topic(PROCESSORS, NOW)),
    f"{PROCESSORS}.retry": tuple(retry_topic(PROCESSORS, tier) for tier in TIERS),
    "script-worker": ("script-tasks", *retry_topics("script-worker")),
    "scene-worker": (*map(lane_topic, Lane), *retry_topics("scene-worker")),
    "assembly-worker": ("assembly-tasks", *retry_topics("assembly-worker")),
    "projector": (*PROJECTED, *retry_topics("projector")),
}
#: How long nothing must move, in seconds.
STILL_S = 3.0

Ends = Mapping[tuple[str, int], int]


class Rest:
    """Asks a broker how far each group is."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._where: dict[str, dict[str, int]] = {}
        topics = sorted({topic for topics in GROUPS.values() for topic in topics})
        self._partitions = [
            TopicPartition(name, number) for name in topics for number in range(TOPICS[name].partitions)
        ]

    def wait(self, timeout: float, say: Callable[[dict[str, int]], None], *, stuck_s: float = 90.0) -> str:
        """Empty once everything is at rest; else what was not, when the time was over or nothing moved for `stuck_s`.

        `say` is told of the lags.
        """
        began = since = moved = time.monotonic()
        last: tuple[Ends, dict[str, int]] | None = None
        while True:
            found = self._look()
            lags = found[1]
            say(lags)
            now = time.monotonic()
            if found != last:
                last, moved = found, now
            if lags or moved == now:
                since = now
            if now - since >= STILL_S:
                return ""
            if now - began > timeout or now - moved > stuck_s:
                left = self._where or lags or "the log still grows"
                return f"after {now - began:.0f} s there was still something to handle: {left}"
            time.sleep(0.5)

    def _look(self) -> tuple[Ends, dict[str, int]]:
        """The ends of all partitions, and how far behind the groups are that are not there yet."""
        try:
            ends = self.ends()
            behind = {group: self._behind(group, ends) for group in GROUPS}
            self._where = {group: parts for group, parts in behind.items() if parts}
            return ends, {group: sum(parts.values()) for group, parts in self._where.items()}
        except (KafkaException, TimeoutError):
            return {}, {"kafka": 1}

    def ends(self) -> Ends:
        """Where every partition ends. Raises KafkaException, TimeoutError."""
        admin = AdminClient({"bootstrap.servers": self._bootstrap, "log_level": 2})
        asked = admin.list_offsets(dict.fromkeys(self._partitions, OffsetSpec.latest()), request_timeout=10)
        return {(one.topic, one.partition): future.result(10).offset for one, future in asked.items()}

    def _behind(self, group: str, ends: Ends) -> dict[str, int]:
        """Records that are not committed yet, by partition; those without any are left out."""
        partitions = [one for one in self._partitions if one.topic in GROUPS[group]]
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": group, "log_level": 2})
        try:
            found = consumer.committed(partitions, timeout=10)
        finally:
            consumer.close()
        lags = {f"{one.topic}/{one.partition}": ends[one.topic, one.partition] - max(0, one.offset) for one in found}
        return {name: lag for name, lag in lags.items() if lag > 0}
