"""How the whole system does: what is watched and liked, what succeeds, what it costs, what waits. Pure, but for Kafka.

Each process counts for itself: the last `HISTORY` records of each partition when it starts, and all that comes after.
What that covers is told with the figures. No table is read for it, and nobody else's counts are added.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.errors import UnavailableError
from infra.kafka import groups
from infra.kafka.connection import lasting
from infra.kafka.offsets import Partition
from infra.kafka.ranges import ranges
from infra.kafka.stretch import Ranges
from infra.kafka.tail import Batch
from query_api.projections.positions import left
from query_api.quality import Quality
from schemas.base import Message
from schemas.swipes import Action, SwipeRecorded
from schemas.topics import lane_topic
from schemas.values import Lane
from schemas.videos import PromptAccepted, PromptRejected, VideoEvent, VideoFailed, VideoPublished

#: What is counted.
COUNTED = ("swipes", "video-events")
#: What is followed, and how many records of each partition are read back at the start.
FOLLOWED, HISTORY = (*COUNTED, "quality"), 5_000
#: A video counts as watched to its end from this share of it on.
WHOLE = 0.9
#: Records whose ids are remembered, so that one that comes twice counts once.
REMEMBERED = 50_000
ANSWER_S = 2.0


@dataclass
class Span:
    """What of a topic was counted. `whole`: all that the log holds of it."""

    since_us: int = 0  #: of the oldest event; 0 before there is one
    events: int = 0
    whole: bool = False

    def take(self, event: Message) -> None:
        """One more was counted."""
        ts_us: int = getattr(event, "ts_us", 0)
        self.since_us = min(self.since_us or ts_us, ts_us)
        self.events += 1


@dataclass
class Tally:
    """Counts, and what they cover."""

    swipes: Span = field(default_factory=Span)
    videos: Span = field(default_factory=Span)
    views: int = 0
    completed: int = 0
    watched_ms: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    published: int = 0
    failed: int = 0
    rejected: int = 0
    amount: float = 0.0
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0
    currency: str = "USD"
    quality: Quality = field(default_factory=Quality)
    _begun: bool = False
    _known: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def take(self, batch: Batch) -> None:
        """Count what was read; records before a gap count no less, but what is missing is told."""
        self._cover(batch)
        for received in batch.records:
            if received.envelope.id not in self._known:
                self._remember(received.envelope.id)
                self.count(received.envelope.data)

    def _cover(self, batch: Batch) -> None:
        """The first batch of a tail is empty, and says where it begins."""
        for topic, span in zip(COUNTED, (self.swipes, self.videos), strict=True):
            if self._begun:
                span.whole = span.whole and not batch.broken
                continue
            ranges = batch.incarnation.ranges.items()
            span.whole = all(batch.positions[key] <= low for key, (low, _) in ranges if key[0] == topic)
        self._begun = True

    def _remember(self, event_id: str) -> None:
        self._known[event_id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def count(self, event: Message) -> None:
        """Count one event of those topics."""
        self.quality.learn(event)
        if isinstance(event, SwipeRecorded):
            self.swipes.take(event)
            self._swiped(event)
        elif isinstance(event, VideoEvent):
            self.videos.take(event)
            if event.revision == 1:
                self._made(event)

    def _swiped(self, event: SwipeRecorded) -> None:
        self.actions[event.action.value] += 1
        if event.action in (Action.WATCHED, Action.SKIPPED):
            self.views += 1
            self.watched_ms += event.watched_ms
            self.completed += bool(event.duration_ms) and event.watched_ms >= WHOLE * event.duration_ms

    def _made(self, event: Message) -> None:
        match event:
            case PromptAccepted():
                self.asked += 1
            case PromptRejected():
                self.rejected += 1
            case VideoFailed():
                self.failed += 1
            case VideoPublished():
                self.published += 1
                self.amount += event.total_cost.amount
                self.cpu_seconds += event.total_cost.cpu_seconds
                self.gpu_seconds += event.total_cost.gpu_seconds
                self.currency = event.total_cost.currency

    @property
    def completion_rate(self) -> float | None:
        """The share of views that saw the end; None before there are any."""
        return round(self.completed / self.views, 4) if self.views else None

    @property
    def success_rate(self) -> float | None:
        """The share of what came to an end that was published; None before anything did."""
        ended = self.published + self.failed
        return round(self.published / ended, 4) if ended else None


#: Groups that work on tasks, each with its topics.
WORKERS: Mapping[str, tuple[str, ...]] = {
    "script-worker": ("script-tasks",),
    "scene-worker": tuple(map(lane_topic, Lane)),
    "assembly-worker": ("assembly-tasks",),
}


class Backlog:
    """How many tasks wait, by topic. Blocks; raises UnavailableError."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin: AdminClient | None = None

    def __call__(self) -> Mapping[str, int]:
        self._admin = self._admin or AdminClient(lasting(self._bootstrap))
        try:
            log = ranges(self._admin, [name for names in WORKERS.values() for name in names], ANSWER_S)
            spans = left(self._committed(log), log)
        except (KafkaException, TimeoutError) as error:
            raise UnavailableError(f"Kafka does not tell what waits: {error}") from error
        waiting: Counter[str] = Counter({name: 0 for names in WORKERS.values() for name in names})
        for (topic, _), (first, end) in spans.items():
            waiting[topic] += end - first
        return waiting

    def _committed(self, log: Ranges) -> dict[Partition, int]:
        found: dict[Partition, int] = {}
        for group, topics in WORKERS.items():
            own = [part for part in log if part[0] in topics]
            found |= groups.committed(self._bootstrap, group, own, ANSWER_S)
        return found


Waiting = Callable[[], Mapping[str, int]]
