"""Prompts a minute that a whole system takes in while it makes videos, and how long each waits for its answer.

An answer comes when all replicas of Kafka have the prompt. Each request has an idempotency key, as the clients send
it, so it costs two reads from Cassandra, too. First at a steady rate, each timed from when it was due, so that none
hides behind a slow one before it; then as fast as the system answers. In the end each video that was answered with is
looked for in the log.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from bench.load_viewers import Api, Seen
from bench.report import Figure, quantile
from infra.contracts.slices import Slice
from infra.supervisor.private import private_system

#: Prompts a minute at the steady rate, for so many seconds; the seconds of the flood.
RATE, SECONDS, FLOOD_S = int(os.environ.get("BENCH_RATE", "1200")), int(os.environ.get("BENCH_SECONDS", "60")), 20
SOCKETS, VIEWERS = 16, 200
#: Acknowledged records that the bare producer sends, one after the other, and where.
BARE, TOPIC = 200, "bench-accept"
#: Everybody comes from one address and asks for much: the limits are out of the way.
LIMITS = dict.fromkeys(("RATE_ADDRESS", "RATE_VIEWER", "RATE_MAKE"), "9999999/minute")


def run() -> Sequence[Figure]:
    """One private system."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, private_system(Path(folder), **LIMITS) as system:
        port = int(urlsplit(system.api_url).port or 0)
        asyncio.run(_steady(port, "warm", 5))
        bare = _bare(system.kafka)
        steady = asyncio.run(_steady(port, "steady", SECONDS))
        flood = asyncio.run(_flood(port, FLOOD_S))
        return _figures(bare, steady, flood, (steady.taken | flood.taken) - _kept(system.kafka))


@dataclass
class Asked(Seen):
    """What was seen, and the videos of the prompts that were taken in."""

    taken: set[str] = field(default_factory=set)


async def _steady(port: int, name: str, seconds: float) -> Asked:
    """So many prompts a minute, whether or not earlier ones are answered."""
    started, every = time.monotonic(), 60 / RATE
    numbers = iter(range(int(seconds / every)))

    async def ask(api: Api, seen: Asked) -> None:
        for number in numbers:
            due = started + number * every
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await _prompt(api, seen, f"{name}-{number}", due)

    return await _sockets(port, ask)


async def _flood(port: int, seconds: float) -> Asked:
    """Each connection asks again as soon as it is answered."""
    until = time.monotonic() + seconds

    async def ask(api: Api, seen: Asked) -> None:
        while (now := time.monotonic()) < until:
            await _prompt(api, seen, f"flood-{id(api)}-{now}", now)

    return await _sockets(port, ask)


async def _sockets(port: int, ask: Callable[[Api, Asked], Awaitable[None]]) -> Asked:
    seen = Asked()
    async with asyncio.TaskGroup() as group:
        for _ in range(SOCKETS):
            api = Api(*await asyncio.open_connection("127.0.0.1", port), seen)
            group.create_task(_asking(ask, api, seen))
    return seen


async def _asking(ask: Callable[[Api, Asked], Awaitable[None]], api: Api, seen: Asked) -> None:
    await ask(api, seen)
    api.writer.close()


async def _prompt(api: Api, seen: Asked, key: str, due: float) -> None:
    viewer = f"bench-{hash(key) % VIEWERS}"
    body = json.dumps({"text": f"Why do cats purr, {key}?", "viewer_id": viewer, "priority": "bulk"})
    answer = await api.ask(seen.swipe_ms, "POST /v1/prompts", body, f"Idempotency-Key: {key}", due=due)
    if answer:
        seen.taken.add(answer["video_id"])


def _bare(kafka: str) -> list[float]:
    """Milliseconds until the broker acknowledges a record as long as a prompt's, to a producer without us."""
    producer = Producer({"bootstrap.servers": kafka, "acks": "all", "linger.ms": 0, "log_level": 2})
    times = []
    with _topic(kafka):
        for number in range(BARE):
            started = time.monotonic()
            producer.produce(TOPIC, b" " * 700, str(number))
            if producer.flush(10):
                raise RuntimeError("the broker did not acknowledge a record in 10 s")
            times.append((time.monotonic() - started) * 1000)
    return times


@contextmanager
def _topic(kafka: str) -> Iterator[None]:
    """One of its own, which goes in the end: what is in it is nobody's record."""
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 2})
    admin.create_topics([NewTopic(TOPIC, 4, 1)], operation_timeout=10)[TOPIC].result(20)
    try:
        yield
    finally:
        admin.delete_topics([TOPIC], operation_timeout=10)[TOPIC].result(20)


def _kept(kafka: str) -> set[str]:
    """The videos of all records of `prompts`."""
    with Slice(kafka, "prompts") as records:
        return {record.key.decode() for record in records if record.key}


def _figures(bare: Sequence[float], steady: Asked, flood: Asked, lost: Set[str]) -> Sequence[Figure]:
    worst, many = max(steady.swipe_ms), len(flood.swipe_ms) / FLOOD_S * 60
    errors = Counter(steady.errors + flood.errors)
    beside = f"a bare acknowledged record {quantile(bare, 0.5):.1f} ms, p99 {quantile(bare, 0.99):.1f} ms"
    return [
        Figure(name=f"{RATE:,} prompts a minute, p50", value=quantile(steady.swipe_ms, 0.5), unit="ms", against=beside),
        Figure(name="p99", value=quantile(steady.swipe_ms, 0.99), unit="ms"),
        Figure(name=f"the slowest of {len(steady.swipe_ms):,}", value=worst, unit="ms", aim="< 500 ms",
               holds=worst < 500),
        Figure(name=f"as fast as {SOCKETS} connections are answered", value=many, unit="a minute", aim=">= 1,000",
               holds=many >= 1000, against=f"p99 {quantile(flood.swipe_ms, 0.99):.0f} ms"),
        Figure(name="answers that were errors", value=errors.total(), unit="", aim="0", holds=not errors,
               against=", ".join(f"{count} x {error}" for error, count in errors.most_common(3))),
        Figure(name="taken in, and not in the log", value=len(lost), unit="", aim="0", holds=not lost,
               against=", ".join(sorted(lost)[:3])),
    ]  # fmt: skip
