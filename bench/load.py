"""One gateway node under 10,000 sockets, alone and while 200 viewers swipe through the API; peers beside it.

Two things are told. A frame to everyone, all at once: what it costs, and when the last of them has it. And what a
feed mostly tells, videos that are each for one viewer, spread over all of them at a steady rate, with a frame to
everyone now and then beside them.

They are a bare loop over the `websockets` library, a hub as one would write it in Go (`bench/peers/hub`), both without
resume, limits or metrics, and nats-server with its websockets. All are processes of their own with the same clients.
Where Go is absent, that is said and its two are left out.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.feed import bound_of, histogram, up
from bench.gateway_clients import raise_limit
from bench.load_nats import NatsNode, server
from bench.load_process import Node, Told, delays, line
from bench.report import Figure, quantile

CLIENTS, VIEWERS = int(os.environ.get("BENCH_CLIENTS", "10000")), int(os.environ.get("BENCH_VIEWERS", "200"))
#: Messages to everyone, the seconds between them, and those after the last.
MESSAGES, EVERY_S, SETTLE_S = int(os.environ.get("BENCH_MESSAGES", "20")), 1.0, 5
#: Videos a second that are each for one viewer, for how many seconds, and every how many of them everyone is told.
RATE, SPREAD_S, BESIDE_S = 200, MESSAGES, 4
VIDEOS = 2_000
PEER = Path(__file__).parent / "peers" / "hub"


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a node did under all its sockets. Times in milliseconds, sorted; `missing`: deliveries that did not come."""

    connected: int
    kib: float
    cpu_us: float
    push: Sequence[float]
    missing: int
    own: Sequence[float] = ()  #: the same of what was for one viewer


@dataclass(frozen=True, kw_only=True)
class Swiped:
    """What happened while viewers swiped: pushes to one viewer, the server's own p99 of the feed, the viewers' times,
    errors."""

    own: Sequence[float]
    feed_p99: float
    seen: dict[str, Any]


def run() -> Sequence[Figure]:
    """A node of ours, and the peers."""
    raise_limit()
    return asyncio.run(_measure())


async def _measure() -> Sequence[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        async with _api(folder) as api, Node(sys.executable, "-m", "bench.load_node", str(CLIENTS)) as node:
            ours, swiped = await _ours(node, api)
        theirs = {name: await _peer(node) for name, node in _peers(Path(folder))}
    return [*_figures(ours, theirs), *_swiping(swiped)]


async def _ours(node: Node, api: int) -> tuple[Held, Swiped]:
    kib, (appended, spent) = await node.connect(CLIENTS), await _sent(node)
    await _spread_out(node)
    before = await histogram(api)
    viewers = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load_viewers", str(api), str(node.port), str(VIEWERS),
        str(SPREAD_S + 2 * SETTLE_S), stdout=PIPE, limit=2**26,
    )  # fmt: skip
    await asyncio.sleep(SETTLE_S)  # they connect
    swiping = time.monotonic()
    await _spread_out(node)
    seen = json.loads(await line(viewers, 120))
    after = await histogram(api)
    told = await node.told()
    swiped = Swiped(
        own=_own(told, since=swiping),
        feed_p99=bound_of({bound: after[bound] - before.get(bound, 0) for bound in after}, 0.99),
        seen=seen,
    )
    everyone, single = MESSAGES + 2 * (SPREAD_S // BESIDE_S), 2 * SPREAD_S * RATE
    missing = everyone * node.connected - told.received + single - len(told.own)
    return replace(
        _held(node, kib, spent, delays(told.arrivals, appended), missing), own=_own(told, until=swiping)
    ), swiped


async def _spread_out(node: Node) -> None:
    """Videos that are each for one viewer, and beside them now and then a message to everyone."""
    beside = asyncio.create_task(node.send(SPREAD_S // BESIDE_S, BESIDE_S))
    await node.send_own(SPREAD_S * RATE, 1 / RATE)
    await beside
    await asyncio.sleep(SETTLE_S)


def _own(told: Told, since: float = 0.0, until: float = math.inf) -> Sequence[float]:
    """Milliseconds from append to arrival, of what was for one viewer and appended between these moments; sorted."""
    return sorted((came - at) * 1000 for at, came in told.own if since <= at < until)


def _peers(folder: Path) -> Iterator[tuple[str, Node]]:
    yield "bare loop", Node(sys.executable, "-m", "bench.load_bare")
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if hub := _built(folder, go):
        yield "Go hub", Node(str(hub))
    if nats := server(folder, go):
        yield "nats-server", NatsNode(nats, folder)


async def _peer(peer: Node) -> Held:
    async with peer as node:
        kib, (appended, spent) = await node.connect(CLIENTS), await _sent(node)
        told = await node.told()
    return _held(node, kib, spent, delays(told.arrivals, appended), MESSAGES * node.connected - told.received)


async def _sent(node: Node) -> tuple[list[float], float]:
    """When the messages were appended, and the CPU seconds that the node spent until the last had arrived."""
    before = node.cpu()
    appended = await node.send(MESSAGES, EVERY_S)
    await asyncio.sleep(SETTLE_S)
    return appended, node.cpu() - before


def _held(node: Node, kib: float, spent: float, push: Sequence[float], missing: int) -> Held:
    cpu_us = spent / (MESSAGES * node.connected) * 1e6
    return Held(connected=node.connected, kib=kib, cpu_us=cpu_us, push=push, missing=missing)


@asynccontextmanager
async def _api(folder: str) -> AsyncIterator[int]:
    """The API over tables in memory; its port. All viewers come from one address: its limit is out of the way."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.feed_server", folder, str(VIDEOS), stdout=PIPE,
        env=os.environ | {"SWIPESTREAM_RATE_ADDRESS": "1000000/minute"},
    )  # fmt: skip
    try:
        port = int(await line(server, 60))
        await up(port)
        yield port
    finally:
        server.terminate()
        await server.wait()


def _built(folder: Path, go: str | None) -> Path | None:
    """The Go hub; None, and why on stderr, where it cannot be built."""
    if go is None:
        print("There is no Go on this machine: the Go hub is left out.", file=sys.stderr)
        return None
    made = folder / "hub"
    done = subprocess.run(
        [go, "build", "-trimpath", "-o", str(made), "."],
        cwd=PEER,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        print(f"The Go hub cannot be built, so it is left out: {done.stderr.strip()[-500:]}", file=sys.stderr)
        return None
    return made


def _figures(ours: Held, theirs: Mapping[str, Held]) -> Sequence[Figure]:
    cpu = ", ".join(f"{name} {held.cpu_us:.1f}" for name, held in theirs.items())
    kib = ", ".join(f"{name} {held.kib:.1f}" for name, held in theirs.items())
    push = ", ".join(f"{name} {_spread(held.push)}" for name, held in theirs.items())
    own = quantile(ours.own, 0.99)
    beside = f"{RATE}/s, everyone told something every {BESIDE_S} s"
    figures = [
        Figure(name="sockets held by one node", value=ours.connected, unit="", aim=f"{CLIENTS:,}",
               holds=ours.connected >= CLIENTS),
        Figure(name="memory for a connection", value=ours.kib, unit="KiB", aim="≤ 20 KiB", holds=ours.kib <= 20,
               against=kib),
        Figure(name="CPU for a delivery, all of the process", value=ours.cpu_us, unit="µs", against=cpu),
        Figure(name="append to socket, what is for one viewer: p50", value=quantile(ours.own, 0.5), unit="ms",
               against=beside),
        Figure(name="append to socket, what is for one viewer: p99", value=own, unit="ms", aim="< 100 ms",
               holds=own < 100, against=f"of {len(ours.own):,}"),
        Figure(name="append to socket, what goes to everyone at once: p50", value=quantile(ours.push, 0.5), unit="ms",
               against=push),
        Figure(name="append to socket, what goes to everyone at once: p99", value=quantile(ours.push, 0.99), unit="ms"),
        Figure(name="deliveries that did not come", value=ours.missing, unit="", aim="0", holds=ours.missing == 0),
    ]  # fmt: skip
    return [*figures[:3], *(_beside(ours, name, held) for name, held in theirs.items()), *figures[3:]]


def _beside(ours: Held, name: str, theirs: Held) -> Figure:
    ratio = ours.cpu_us / theirs.cpu_us
    return Figure(name=f"CPU for a delivery / that of the {name}", value=ratio, unit="×", aim="≤ 1.2 ×",
                  holds=ratio <= 1.2)  # fmt: skip


def _spread(push: Sequence[float]) -> str:
    return f"{quantile(push, 0.5):.0f} to {quantile(push, 0.99):.0f} ms"


def _swiping(swiped: Swiped) -> Sequence[Figure]:
    push, seen = quantile(swiped.own, 0.99), swiped.seen
    errors = Counter(seen["errors"])
    feed, swipes = (seen[name] for name in ("feed_ms", "swipe_ms"))
    return [
        Figure(name=f"with {VIEWERS} viewers who swipe, for one: p50", value=quantile(swiped.own, 0.5), unit="ms"),
        Figure(name="with viewers, for one: p99", value=push, unit="ms", aim="< 100 ms", holds=push < 100,
               against=f"of {len(swiped.own):,}"),
        Figure(name="feed, the server's own p99", value=swiped.feed_p99, unit="ms (at most)", aim="≤ 10 ms",
               holds=swiped.feed_p99 <= 10),
        Figure(name=f"feed as viewers see it, p99 of {len(feed)}", value=quantile(feed, 0.99), unit="ms"),
        Figure(name=f"a swipe as viewers see it, p99 of {len(swipes)}", value=quantile(swipes, 0.99), unit="ms"),
        Figure(name="answers that were errors", value=errors.total(), unit="", aim="0", holds=not errors,
               against=", ".join(f"{count} × {error}" for error, count in errors.most_common(3))),
    ]  # fmt: skip
