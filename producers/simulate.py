"""`swipestream simulate`: many viewers against the running API, at a given rate of swipes, for a given time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from swipestream_client import Swipestream, SwipestreamError

from producers.viewers import SimulatedViewer


@dataclass
class Tally:
    """What a simulation did and saw. Latencies are in milliseconds."""

    swipes: int = 0
    likes: int = 0
    feeds: int = 0
    short_feeds: int = 0  #: answers with fewer than five videos
    idle: int = 0  #: turns in which a viewer had nothing to watch
    errors: int = 0
    feed_ms: list[float] = field(default_factory=list)
    swipe_ms: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The figures, for people and scripts."""
        counts = {name: getattr(self, name) for name in ("swipes", "likes", "feeds", "short_feeds", "idle", "errors")}
        return counts | {"feed_ms": _percentiles(self.feed_ms), "swipe_ms": _percentiles(self.swipe_ms)}


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {
        f"p{share}": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)], 2) for share in (50, 95, 99)
    }


async def simulate(
    api_url: str, viewers: int, rate: float, seconds: float, *, seed: int = 0,
    tick: Callable[[Tally], None] = lambda _tally: None, token: str | None = None,
) -> Tally:  # fmt: skip
    """`rate` swipes a second over all viewers. At most 64 requests are under way; late turns are not made up for.

    Raises the client's AwayError when the API does not answer at the start.
    """
    tally, room = Tally(), asyncio.Semaphore(64)
    crowd = [SimulatedViewer(f"sim-{seed}-{number}", random.Random(f"{seed}/{number}")) for number in range(viewers)]
    # One client for all: a connection of its own for each of 100,000 viewers is not what is measured.
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(Swipestream(api_url, token=token))
        await api.get("/healthz")
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        start, turn = time.monotonic(), 0
        while (now := time.monotonic()) - start < seconds:
            tasks.create_task(_turn(api, crowd[turn % viewers], tally, room))
            turn += 1
            tick(tally)
            await asyncio.sleep(max(0.0, start + turn / rate - now))
    tick(tally)
    return tally


async def _turn(api: Swipestream, viewer: SimulatedViewer, tally: Tally, room: asyncio.Semaphore) -> None:
    async with room:
        try:
            if viewer.hungry:
                await _feed(api, viewer, tally)
            await _swipe(api, viewer, tally)
        except (SwipestreamError, KeyError, ValueError):
            tally.errors += 1


async def _feed(api: Swipestream, viewer: SimulatedViewer, tally: Tally) -> None:
    began = time.perf_counter()
    items = (await api.feed(5, viewer=viewer.viewer_id))["items"]
    tally.feed_ms.append((time.perf_counter() - began) * 1000)
    tally.feeds += 1
    tally.short_feeds += len(items) < 5
    viewer.served(items)


async def _swipe(api: Swipestream, viewer: SimulatedViewer, tally: Tally) -> None:
    swipes = viewer.swipe()
    if not swipes:
        tally.idle += 1
        return
    began = time.perf_counter()
    await api.swipe(swipes, viewer=viewer.viewer_id)
    tally.swipe_ms.append((time.perf_counter() - began) * 1000)
    tally.swipes += 1
    tally.likes += len(swipes) - 1
