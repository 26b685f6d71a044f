"""Who is there, and what happens meanwhile: every mixture of the two is a scenario."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from query_api.gateway import Limits
from tests.stress.world import Log, Node
from tests.unit.gateway_kit import published

#: Small enough that every limit is met within a second.
LIMITS = Limits(
    tick_s=0.005, beat_s=0.1, drain_s=0.02, evict_s=0.1, hello_s=1.0, ahead_s=0.3, buffered=24_000, replay=60, ring=400,
    connections_per_viewer=64, frames_per_s=2000, connects_per_s=5000, errors=3,
)  # fmt: skip

#: Behaviour → how many behave so.
CROWDS: Mapping[str, Mapping[str, int]] = {
    "steady": {"steady": 12},
    "flapping": {"flapping": 12},
    "slow": {"slow": 6, "steady": 4},
    "hostile": {"hostile": 8, "steady": 6},
    "streaming": {"streaming": 8, "steady": 4},
    "mixed": {"steady": 5, "flapping": 5, "slow": 3, "hostile": 3, "streaming": 3},
}


@dataclass
class Stage:
    """What a fault may touch."""

    rng: random.Random
    nodes: list[Node]
    log: Log
    start: Callable[[float], Awaitable[Node]]


Fault = Callable[[Stage], Awaitable[None]]


async def nothing(_: Stage) -> None:
    """All is well."""


async def a_node_lags(stage: Stage) -> None:
    """One node hears everything late: tokens of the others are ahead of it."""
    stage.nodes.append(await stage.start(0.08))


async def a_node_drains(stage: Stage) -> None:
    """A rolling restart: a new node comes, an old one says goodbye."""
    for _ in range(2):
        await asyncio.sleep(0.12)
        stage.nodes.append(await stage.start(0.0))
        await stage.nodes.pop(0).stop(gently=True)


async def a_node_dies(stage: Stage) -> None:
    """Killed in mid-sentence."""
    await asyncio.sleep(0.15)
    stage.nodes.append(await stage.start(0.0))
    await stage.nodes.pop(0).stop(gently=False)


async def events_stand_twice(stage: Stage) -> None:
    """Producers left events in the log a second time."""
    for _ in range(12):
        await asyncio.sleep(0.02)
        partition = stage.rng.choice(stage.log.records)
        if partition:
            stage.log.repeat(stage.rng.choice(partition))


async def a_burst(stage: Stage) -> None:
    """More at once than is replayed to anyone."""
    await asyncio.sleep(0.15)
    for number in range(10_000, 10_150):
        stage.log.append(number, published(number))


async def the_log_is_made_anew(stage: Stage) -> None:
    """The topic is deleted and created again: offsets mean something else."""
    await asyncio.sleep(0.15)
    stage.log.anew()
    stage.log.append(20_000, published(20_000))


async def the_log_is_away(stage: Stage) -> None:
    """The broker does not answer for a while."""
    await asyncio.sleep(0.1)
    stage.log.up = False
    await asyncio.sleep(0.2)
    stage.log.up = True


async def everything(stage: Stage) -> None:
    """One after another."""
    for fault in (events_stand_twice, a_node_drains, a_burst, a_node_dies):
        await fault(stage)


FAULTS: tuple[Fault, ...] = (
    nothing, a_node_lags, a_node_drains, a_node_dies, events_stand_twice, a_burst, the_log_is_made_anew,
    the_log_is_away, everything,
)  # fmt: skip
SCENARIOS = list(itertools.product(CROWDS, FAULTS))
