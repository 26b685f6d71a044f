"""Prompts a minute that a whole system takes in while it makes videos, and how long each waits for its answer.

An answer comes when all replicas of Kafka have the prompt. Each request has an idempotency key, as the clients send
it, so it costs two reads from Cassandra, too. First at a steady rate, each timed from when it was due, so that none
hides behind a slow one before it; then as fast as the system answers. In the end the log is counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from confluent_kafka import Consumer, Producer, TopicPartition

from bench.load_viewers import Api, Seen
from bench.report import Figure, quantile
from infra.supervisor.private import private_system
from schemas.topics import TOPICS

#: Prompts a minute at the steady rate, for so many seconds; the seconds of the flood.
RATE, SECONDS, FLOOD_S = int(os.environ.get("BENCH_RATE", "1200")), int(os.environ.get("BENCH_SECONDS", "60")), 20
SOCKETS, VIEWERS = 16, 200
#: Acknowledged records that the bare producer sends, one after the other.
BARE = 200
#: Everybody comes from one address and asks for much: the limits are out of the way.
LIMITS = dict.fromkeys(("RATE_ADDRESS", "RATE_VIEWER", "RATE_MAKE"), "9999999/minute")


def run() -> Sequence[Figure]:
    """One private system."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, private_system(Path(folder), **LIMITS) as system:
        port = int(urlsplit(system.api_url).port or 0)
        asyncio.run(_steady(port, "warm", 5))
        bare = _bare(system.kafka)
        before = _kept(system.kafka)
        steady = asyncio.run(_steady(port, "steady", SECONDS))
        flood = asyncio.run(_flood(port, FLOOD_S))
        return _figures(bare, steady, flood, _kept(system.kafka) - before)


async def _steady(port: int, name: str, seconds: float) -> Seen:
    """So many prompts a minute, whether or not earlier ones are answered."""
    started, every = time.monotonic(), 60 / RATE
    numbers = iter(range(int(seconds / every)))

    async def ask(api: Api, seen: Seen) -> None:
        for number in numbers:
            due = started + number * every
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await _prompt(api, seen, f"{name}-{number}", due)

    return await _sockets(port, ask)


async def _flood(port: int, seconds: float) -> Seen:
    """Each connection asks again as soon as it is answered."""
    until = time.monotonic() + seconds

    async def ask(api: Api, seen: Seen) -> None:
        while (now := time.monotonic()) < until:
            await _prompt(api, seen, f"flood-{id(api)}-{now}", now)

    return await _sockets(port, ask)


async def _sockets(port: int, ask: Callable[[Api, Seen], Awaitable[None]]) -> Seen:
    seen = Seen()
    async with asyncio.TaskGroup() as group:
        for _ in range(SOCKETS):
            api = Api(*await asyncio.open_connection("127.0.0.1", port), seen)
            group.create_task(_asking(ask, api, seen))
    return seen


async def _asking(ask: Callable[[Api, Seen], Awaitable[None]], api: Api, seen: Seen) -> None:
    await ask(api, seen)
    api.writer.close()


async def _prompt(api: Api, seen: Seen, key: str, due: float) -> None:
    viewer = f"bench-{hash(key) % VIEWERS}"
    body = json.dumps({"text": f"Why do cats purr, {key}?", "viewer_id": viewer, "priority": "bulk"})
    await api.ask(seen.swipe_ms, "POST /v1/prompts", body, f"Idempotency-Key: {key}", due=due)


def _bare(kafka: str) -> list[float]:
    """Milliseconds until the broker acknowledges a record as long as a prompt's, to a producer without us."""
    producer = Producer({"bootstrap.servers": kafka, "acks": "all", "linger.ms": 0, "log_level": 2})
    times = []
    for number in range(BARE):
        started = time.monotonic()
        producer.produce("render-progress", b" " * 700, str(number))
        if producer.flush(10):
            raise RuntimeError("the broker did not acknowledge a record in 10 s")
        times.append((time.monotonic() - started) * 1000)
    return times


def _kept(kafka: str) -> int:
    """Records of `prompts`."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "bench-accept"})
    try:
        parts = (TopicPartition("prompts", number) for number in range(TOPICS["prompts"].partitions))
        return sum(consumer.get_watermark_offsets(part, timeout=10)[1] for part in parts)
    finally:
        consumer.close()


def _figures(bare: Sequence[float], steady: Seen, flood: Seen, kept: int) -> Sequence[Figure]:
    worst, many = max(steady.swipe_ms), len(flood.swipe_ms) / FLOOD_S * 60
    errors = Counter(steady.errors + flood.errors)
    answered = len(steady.swipe_ms) + len(flood.swipe_ms) - errors.total()
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
        Figure(name="taken in, and not in the log", value=max(0, answered - kept), unit="", aim="0",
               holds=answered <= kept),
    ]  # fmt: skip
