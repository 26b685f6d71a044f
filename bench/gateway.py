"""The gateway with thousands of clients: CPU for a delivery, memory for a connection, time from append to socket.

Measured against a bare loop that writes one prepared frame to the same sockets, and against `websockets.broadcast`,
in the same process and the same run. All features are on: resume, limits, keep-alive, metrics.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from typing import TypeVar

import psutil
import uvloop
from websockets.asyncio.server import ServerConnection, broadcast

from bench.gateway_log import batch, received
from bench.report import Figure, quantile
from query_api.gateway import Gateway, Hub, Limits
from query_api.gateway.frames import Message

CLIENTS = int(os.environ.get("BENCH_CLIENTS", "4000"))
BROADCASTS, ROUNDS = 20, 5

Send = Callable[[], Awaitable[None]]


def run() -> Sequence[Figure]:
    """One node, one process of clients."""
    return uvloop.run(_measure())


async def _measure() -> Sequence[Figure]:
    # The clients are too simple to answer a ping: the keep-alive is there, its first ping comes after the end.
    hub = Hub(limits=Limits(connects_per_s=1e9, connections=CLIENTS + 1, buffered=4_194_304, ping_s=600))
    hub.take(batch([], {0: 0}))
    async with Gateway(hub) as gateway:
        await gateway.listen("127.0.0.1", 0)
        before = _memory()
        clients = await _clients(gateway.port)
        held = (_memory() - before) / CLIENTS / 1024
        costs = await _costs(hub, list(gateway._server.connections))  # type: ignore[union-attr]
        latencies = await _latencies(hub, clients)
        clients.terminate()
        await clients.wait()
    return _figures(costs, held, latencies)


async def _clients(port: int) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.gateway_clients", str(port), str(CLIENTS), stdin=PIPE, stdout=PIPE, limit=2**26
    )
    await _there(process.stdout).readline()
    return process


async def _costs(hub: Hub, connections: list[ServerConnection]) -> dict[str, float]:
    """CPU microseconds for one delivery, by way of delivering; the ways take turns, so that they share the noise."""
    message = Message(_withdrawn(hub))

    async def bare() -> None:
        for connection in connections:
            connection.transport.write(message.wire)

    async def library() -> None:
        broadcast(connections, message.payload, text=True)

    async def ours() -> None:
        hub.take(batch([received()]))
        await hub.flush()

    ways: dict[str, Send] = {"hub": ours, "bare": bare, "broadcast": library}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, send in ways.items():
            taken[name].append(await _cost(send, connections))
    return {name: median(costs) for name, costs in taken.items()}


async def _cost(send: Send, connections: list[ServerConnection]) -> float:
    gc.collect()
    spent = 0.0
    for _ in range(BROADCASTS):
        started = time.process_time()
        await send()
        while any(connection.transport.get_write_buffer_size() for connection in connections):  # noqa: ASYNC110
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        spent += time.process_time() - started
        await asyncio.sleep(0.05)
    return spent / BROADCASTS / len(connections) * 1e6


async def _latencies(hub: Hub, clients: Process) -> list[float]:
    """Milliseconds from the append to the arrival at a client, while a message goes out every 0.5 s."""
    running = asyncio.create_task(hub.run())
    skipped = BROADCASTS * ROUNDS * 3
    appended = []
    for _ in range(20):
        appended.append(time.monotonic())
        hub.take(batch([received()]))
        await asyncio.sleep(0.5)
    running.cancel()
    _there(clients.stdin).close()
    told = json.loads(await _there(clients.stdout).readline())["arrivals"]
    return [(at - start) * 1000 for times in told for start, at in zip(appended, times[skipped:], strict=True)]


def _figures(costs: dict[str, float], held: float, latencies: list[float]) -> Sequence[Figure]:
    ratio = costs["hub"] / costs["bare"]
    p99 = quantile(latencies, 0.99)
    return [
        Figure(
            name=f"CPU for a delivery to {CLIENTS} clients", value=costs["hub"], unit="µs", aim="≤ 1.2 × a bare loop",
            holds=ratio <= 1.2, against=f"bare loop {costs['bare']:.1f} µs, broadcast() {costs['broadcast']:.1f} µs",
        ),
        Figure(name="hub / bare loop", value=ratio, unit="×"),
        Figure(name="memory for a connection", value=held, unit="KiB", aim="≤ 20 KiB", holds=held <= 20),
        Figure(name="append to client, p50", value=median(latencies), unit="ms"),
        Figure(name="append to client, p99", value=p99, unit="ms", aim="< 100 ms", holds=p99 < 100),
    ]  # fmt: skip


T = TypeVar("T")


def _there(pipe: T | None) -> T:
    if pipe is None:
        raise RuntimeError("the process has no pipe")
    return pipe


def _memory() -> int:
    gc.collect()
    used: int = psutil.Process().memory_info().rss
    return used


def _withdrawn(hub: Hub) -> bytes:
    return b'{"type":"withdrawn","video_id":"' + b"0" * 36 + b'","token":"' + (hub.token or "").encode() + b'"}'
