"""The feed under load: the API as it runs, its tables in memory, requests over sockets at a steady rate.

What the server itself measures is told (its histogram, from reading a request to the last byte), so a client that is
short of CPU does not count as a slow server. Kafka and Cassandra are left out: a feed does not wait for them.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from bench.report import Figure

RATE, SECONDS = float(os.environ.get("BENCH_RATE", "300")), float(os.environ.get("BENCH_SECONDS", "20"))
VIEWERS, VIDEOS, SOCKETS = 200, 2_000, 16


def run() -> Sequence[Figure]:
    """One server process, one process of clients."""
    return asyncio.run(_measure())


async def _measure() -> Sequence[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.feed_server", folder, str(VIDEOS), stdout=PIPE
        )
        try:
            port = int(await _line(server))
            await up(port)
            await _load(port, 8, strict=False)  # everyone is known, everything is imported
            before, used = await histogram(port), _cpu(server.pid)
            sent, wall = await _load(port, SECONDS)
            after, spent = await histogram(port), _cpu(server.pid) - used
        finally:
            server.terminate()
            await server.wait()
    counts = {bound: after[bound] - before[bound] for bound in after}
    p50, p99 = bound_of(counts, 0.5), bound_of(counts, 0.99)
    return [
        Figure(name=f"feed at {sent / wall:.0f} requests/s, p50", value=p50, unit="ms (at most)"),
        Figure(name="p99", value=p99, unit="ms (at most)", aim="≤ 10 ms", holds=p99 <= 10),
        Figure(name="CPU for an answer", value=spent / sent * 1000, unit="ms"),
        Figure(name="requests/s that one process could answer", value=sent / spent, unit="/s"),
    ]


async def _line(process: Process) -> str:
    if process.stdout is None:
        raise RuntimeError("the process has no pipe")
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode()


async def up(port: int) -> None:
    """Returns once the server listens."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                return writer.close()
            except OSError:
                await asyncio.sleep(0.1)


async def _load(port: int, seconds: float, *, strict: bool = True) -> tuple[int, float]:
    """`RATE` requests a second over `SOCKETS` connections; those that come late are sent at once."""
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    clients = [asyncio.create_task(_client(port, queue, strict)) for _ in range(SOCKETS)]
    started, number = time.monotonic(), 0
    while (now := time.monotonic()) - started < seconds:
        while number < (now - started) * RATE:
            queue.put_nowait(number)
            number += 1
        await asyncio.sleep(0.002)
    for _ in clients:
        queue.put_nowait(None)
    await asyncio.gather(*clients)
    return number, time.monotonic() - started


async def _client(port: int, queue: asyncio.Queue[int | None], strict: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (number := await queue.get()) is not None:
        path = f"/v1/feed?viewer=bench-{number % VIEWERS}&limit=5"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await _answer(reader, strict)
    writer.close()


async def _answer(reader: asyncio.StreamReader, strict: bool = True) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if strict and not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(int(length.split(b":")[1]))


async def histogram(port: int) -> dict[float, float]:
    """Answers of the feed so far, by the bound (in seconds) that they were given within."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    text = (await _answer(reader)).decode()
    writer.close()
    wanted = [line for line in text.splitlines() if "request_seconds_bucket" in line and 'path="/v1/feed"' in line]
    pairs = (line.rsplit(" ", 1) for line in wanted)
    return {float(name.split('le="')[1].split('"')[0]): float(count) for name, count in pairs}


def bound_of(counts: dict[float, float], share: float) -> float:
    """The bound, in milliseconds, within which that share of the answers was given."""
    whole = counts[float("inf")]
    return next(bound for bound in sorted(counts) if counts[bound] >= share * whole) * 1000


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
