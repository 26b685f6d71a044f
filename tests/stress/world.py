"""A log in memory and the gateway's nodes that read it, each at its own pace. What happens to them is the scenario."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from infra.kafka.records import Received
from query_api.gateway import Gateway, Hub, Limits
from query_api.gateway.tokens import Signer
from schemas.base import Message
from schemas.progress import RenderProgress
from schemas.values import Origin
from schemas.videos import VideoPublished
from tests.unit.gateway_kit import VIEWER, accepted, batch, published, received, rendering

PARTITIONS = 3
_KEY = b"k" * 32


@dataclass
class Log:
    """Records by partition. `anew` forgets them all, as when the topic is deleted and made again."""

    incarnation: int = 1
    records: list[list[Received]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    progress: list[Received] = field(default_factory=list)
    up: bool = True

    def append(self, number: int, event: Message) -> None:
        """Write an event about video `number`, in the partition of its key."""
        if isinstance(event, RenderProgress):
            self.progress.append(received(event, len(self.progress)))
            return
        partition = self.records[number % PARTITIONS]
        partition.append(received(event, len(partition), number % PARTITIONS))

    def repeat(self, record: Received) -> None:
        """The same event once more, as a producer leaves it behind that was killed before it heard the answer."""
        partition = self.records[record.partition]
        raw = replace(record.raw, offset=len(partition))
        partition.append(Received(raw=raw, envelope=record.envelope))

    def anew(self) -> None:
        """Offsets begin again and mean something else."""
        self.incarnation += 1
        self.records = [[] for _ in range(PARTITIONS)]

    @property
    def videos(self) -> set[str]:
        """Every video that can be watched: what the feed would say now."""
        return {event.video_id for event in self._published}

    def ahead_of_others(self, viewer: str) -> set[str]:
        """Those that were made ahead, and not for this viewer."""
        ahead = (event for event in self._published if event.origin is Origin.PREFETCH)
        return {event.video_id for event in ahead if event.viewer_id != viewer}

    @property
    def _published(self) -> Iterator[VideoPublished]:
        events = (record.envelope.data for partition in self.records for record in partition)
        return (event for event in events if isinstance(event, VideoPublished))


class Node:
    """One process of the gateway: a hub that follows the log, and a door on loopback."""

    def __init__(self, log: Log, limits: Limits, lag_s: float = 0.0) -> None:
        self.log, self.lag_s = log, lag_s
        self.hub = Hub(Signer(_KEY), limits)
        self.gateway = Gateway(self.hub)
        self._at = [0] * PARTITIONS
        self._told = 0
        self._incarnation = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> Node:
        """Read what is there, then listen."""
        self._pump()
        await self.gateway.__aenter__()
        await self.gateway.listen("127.0.0.1", 0)
        self.hub._up = lambda: self.log.up
        self._tasks = [asyncio.create_task(self.hub.run()), asyncio.create_task(self._follow())]
        return self

    async def stop(self, *, gently: bool) -> None:
        """Go away: with a goodbye, or as a process that is killed."""
        if gently:
            await self.gateway.drain()
        else:
            for sink in list(self.gateway._sinks):
                sink.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.gateway.__aexit__()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"ws://127.0.0.1:{self.gateway.port}/"

    @property
    def even(self) -> bool:
        """Whether it has heard everything."""
        return self._incarnation == self.log.incarnation and self._at == [len(one) for one in self.log.records]

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(0.005 + self.lag_s)
            if self.log.up:
                self._pump()

    def _pump(self) -> None:
        if self._incarnation != self.log.incarnation:
            self._incarnation, self._at = self.log.incarnation, [0] * PARTITIONS
        news = [record for number in range(PARTITIONS) for record in self.log.records[number][self._at[number] :]]
        moved, self._told = self.log.progress[self._told :], len(self.log.progress)
        self._at = [len(one) for one in self.log.records]
        positions = dict(enumerate(self._at))
        self.hub.take(batch([*moved, *news], positions, incarnation=str(self._incarnation)))


def lives(rng: random.Random, count: int, viewers: list[str]) -> Iterator[tuple[int, Message]]:
    """What happens to `count` videos, interleaved, each in its own order."""
    waiting = {number: _life(rng, number, rng.choice([VIEWER, *viewers, None])) for number in range(count)}
    open_videos = list(waiting)
    while open_videos:
        number = rng.choice(open_videos[:8])
        event = next(waiting[number], None)
        if event is None:
            open_videos.remove(number)
        else:
            yield number, event


def _life(rng: random.Random, number: int, viewer: str | None) -> Iterator[Message]:
    origin = rng.choice([Origin.PERSON, Origin.PREFETCH, Origin.STARTER])
    yield accepted(number, viewer=viewer, origin=origin)
    for step in range(rng.randrange(4)):
        yield rendering(number, rng.random(), scene=step + 1)
    yield published(number, viewer=viewer, origin=origin)
