"""How the whole system does, as it is told: what is counted, joined with what waits."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from pydantic import BaseModel, Field

from infra.errors import UnavailableError
from query_api.figures import Span, Tally, Waiting
from query_api.http.quality_answers import QualityAnswer, quality
from query_api.states import moment
from schemas.topics import lane_topic
from schemas.values import Lane

#: Seconds that what waits is told from memory, and that Kafka has to say it.
HOLDS_S, WAIT_S = 2.0, 3.0


class Window(BaseModel):
    """What was counted: by the process that answers, from the last records of each partition when it started, on."""

    since: datetime | None = Field(None, description="time of the oldest event that was counted")
    events: int = Field(description="that were looked at")
    whole: bool = Field(description="all that the log holds was counted; false: it holds older events, too")


class Engagement(BaseModel):
    """What viewers do."""

    window: Window
    views: int
    completion_rate: float | None = Field(None, description="share of views that saw nine tenths or more")
    watched_seconds: float
    likes: int
    shares: int
    not_interested: int
    reports: int


class Making(BaseModel):
    """What becomes of prompts; first revisions alone."""

    window: Window
    accepted: int
    published: int
    failed: int
    rejected: int
    success_rate: float | None = Field(None, description="published, of what was published or failed")


class Price(BaseModel):
    """What the published videos cost, in the window of `making`."""

    amount: float
    per_video: float | None = None
    cpu_seconds: float
    gpu_seconds: float
    currency: str


class Queues(BaseModel):
    """Tasks that wait or are being worked on."""

    scripts: int
    scenes: dict[str, int] = Field(description="by lane")
    assemblies: int


class FiguresAnswer(BaseModel):
    """Figures of the newest records of the log."""

    since: datetime | None = Field(None, description="the earlier of the two windows' beginnings")
    engagement: Engagement
    making: Making
    cost: Price
    quality: QualityAnswer
    queues: Queues | None = Field(None, description="missing while Kafka does not say")


class Figures:
    """Joins what is counted with what waits."""

    def __init__(self, tally: Tally, waiting: Waiting) -> None:
        self.tally, self._waiting = tally, waiting
        self._queues: Queues | None = None
        self._asked_at = -HOLDS_S * 100
        self._lock = asyncio.Lock()

    async def answer(self) -> FiguresAnswer:
        """As they are now."""
        tally = self.tally
        return FiguresAnswer(
            since=min(filter(None, (_window(tally.swipes).since, _window(tally.videos).since)), default=None),
            engagement=_engagement(tally),
            making=_making(tally),
            cost=_price(tally),
            quality=quality(tally.quality),
            queues=await self._current(),
        )

    async def _current(self) -> Queues | None:
        async with self._lock:
            if time.monotonic() - self._asked_at > HOLDS_S:
                self._queues = await self._ask()
                self._asked_at = time.monotonic()
            return self._queues

    async def _ask(self) -> Queues | None:
        try:
            waiting = await asyncio.wait_for(asyncio.to_thread(self._waiting), WAIT_S)
        except (UnavailableError, TimeoutError):
            return None
        scenes = {lane.value: waiting.get(lane_topic(lane), 0) for lane in Lane}
        return Queues(
            scripts=waiting.get("script-tasks", 0), scenes=scenes, assemblies=waiting.get("assembly-tasks", 0)
        )


def _window(span: Span) -> Window:
    return Window(since=moment(span.since_us) if span.since_us else None, events=span.events, whole=span.whole)


def _engagement(tally: Tally) -> Engagement:
    return Engagement(
        window=_window(tally.swipes),
        views=tally.views,
        completion_rate=tally.completion_rate,
        watched_seconds=tally.watched_ms / 1000,
        likes=tally.actions["liked"],
        shares=tally.actions["shared"],
        not_interested=tally.actions["not_interested"],
        reports=tally.actions["reported"],
    )


def _making(tally: Tally) -> Making:
    return Making(
        window=_window(tally.videos),
        accepted=tally.asked,
        published=tally.published,
        failed=tally.failed,
        rejected=tally.rejected,
        success_rate=tally.success_rate,
    )


def _price(tally: Tally) -> Price:
    return Price(
        amount=tally.amount,
        per_video=tally.amount / tally.published if tally.published else None,
        cpu_seconds=tally.cpu_seconds,
        gpu_seconds=tally.gpu_seconds,
        currency=tally.currency,
    )
