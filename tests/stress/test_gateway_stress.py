"""The gateway under every mixture of clients and faults: nobody misses anything or hears anything twice.

Seeded by the name of the scenario; `STRESS_SEED=7 pytest tests/stress` plays other variations.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Sequence

import pytest

from tests.stress.people import Person
from tests.stress.scenarios import CROWDS, LIMITS, SCENARIOS, Fault, Stage, a_burst, nothing
from tests.stress.world import Log, Node, lives

VIDEOS, SECONDS, PATIENCE_S = 60, 0.5, 60.0
KNOWN_CODES = {0, 1000, 1001, 1006, 1009, 1011, 4000, 4001, 4002, 4003, 4004, 4008}
REASONS = {"started", "token", "log", "ahead", "expired", "too_many"}


async def play(crowd: str, fault: Fault) -> tuple[list[Person], list[Node], Log]:
    rng = random.Random(f"{crowd} {fault.__name__} {os.environ.get('STRESS_SEED', '1')}")
    log = Log()

    async def start(lag_s: float) -> Node:
        return await Node(log, LIMITS, lag_s).start()

    stage = Stage(rng, [await start(0.0), await start(0.01)], log, start)
    people = [
        Person(
            f"{kind}-{number}", log, random.Random(rng.random()), lambda: stage.nodes, watching=number % 3,
            lobby=(True, False, None)[number % 5 % 3],
        )
        for kind, count in CROWDS[crowd].items() for number in range(count)
    ]  # fmt: skip
    tasks = [asyncio.create_task(getattr(one, one.name.split("-")[0])()) for one in people]
    try:
        await asyncio.gather(fault(stage), happen(rng, log, [one.name for one in people]))
        await settled(people, stage.nodes, log)
    finally:
        await home(people, tasks, stage.nodes)
    return people, stage.nodes, log


async def home(people: Sequence[Person], tasks: Sequence[asyncio.Task[None]], nodes: Sequence[Node]) -> None:
    """Everybody leaves; the nodes send away who stays."""
    for one in people:
        one.ended = True
    for node in nodes:
        await node.gateway.drain()
    _, late = await asyncio.wait(tasks, timeout=30)
    for task in late:
        task.cancel()
    for node in nodes:
        await node.stop(gently=True)


async def happen(rng: random.Random, log: Log, viewers: Sequence[str]) -> None:
    """Videos are made, over `SECONDS`."""
    for number, event in lives(rng, VIDEOS, list(viewers)):
        log.append(number, event)
        await asyncio.sleep(rng.uniform(0, 2 * SECONDS / (VIDEOS * 3.5)))


async def settled(people: Sequence[Person], nodes: Sequence[Node], log: Log) -> None:
    """Until every node has heard all, and everyone who reads knows all."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if all(node.even for node in nodes) and all(one.known >= one.owed for one in listeners(people)):
            return
        await asyncio.sleep(0.02)


def listeners(people: Sequence[Person]) -> list[Person]:
    return [one for one in people if not one.name.startswith("hostile")]


@pytest.mark.parametrize(("crowd", "fault"), SCENARIOS, ids=lambda value: getattr(value, "__name__", value))
async def test_everyone_hears_everything_once_and_in_order(crowd: str, fault: Fault) -> None:
    people, nodes, _ = await play(crowd, fault)
    for one in listeners(people):
        assert one.wrong == [], one.name
        assert one.known >= one.owed, f"{one.name} misses {len(one.owed - one.known)} after {one.resyncs}"
        assert set(one.resyncs) <= REASONS
    assert {code for one in people for code in one.codes} <= KNOWN_CODES
    assert [len(node.hub.members) for node in nodes] == [0] * len(nodes)
    if fault.__name__ == "the_log_is_made_anew":
        assert all("log" in one.resyncs for one in people if one.name.startswith("steady"))


async def test_a_steady_client_of_a_calm_node_is_never_told_to_start_afresh() -> None:
    people, _, _ = await play("steady", nothing)
    assert [one.resyncs for one in people] == [[]] * len(people)


async def test_those_who_do_not_read_are_sent_away_with_the_code_for_it() -> None:
    people, _, _ = await play("slow", a_burst)
    hostile, _, _ = await play("hostile", a_burst)
    assert 4000 in {code for one in hostile for code in one.codes}
    assert all(one.known for one in listeners(people))
