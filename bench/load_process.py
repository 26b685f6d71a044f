"""A hub in a process of its own, with clients in others: what it holds, what it spends, and when messages arrive."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import psutil

#: Processes that the clients are in, and how long they may take to connect, in seconds.
PROCESSES, CONNECT_S = 2, 400
#: What is sent to everyone: as long as a message of the gateway, with its token.
MESSAGE = b'{"type":"withdrawn","video_id":"' + b"0" * 36 + b'","token":"' + b"0" * 60 + b'"}\n'
#: The first word of a line that names a viewer for whom something is, and the moment.
OWN = "own"


class Told(NamedTuple):
    """Moments of arrival at some of the clients, how many messages to everyone came to all of them, and the moments of
    append and arrival of what was for one viewer."""

    arrivals: list[list[float]]
    received: int
    own: list[tuple[float, float]]


class Node:
    """A process that says its port and sends each line of its stdin to everyone."""

    #: How its clients say hello (see `gateway_clients`).
    greeting = "gateway"

    def __init__(self, *command: str) -> None:
        self._command = command
        self._clients: list[Process] = []
        self.connected = 0

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        self.port = int(await line(self._process, 60))
        self._empty = self._memory()
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in (*self._clients, self._process):
            if process.returncode is None:
                process.terminate()
            await process.wait()

    async def connect(self, count: int) -> float:
        """So many clients; KiB that the node holds for each."""
        each = count // PROCESSES
        words = (sys.executable, "-m", "bench.gateway_clients", str(self.port), str(each), self.greeting)
        for number in range(PROCESSES):
            first = str(number * each)
            client = await asyncio.create_subprocess_exec(*words, first, stdin=PIPE, stdout=PIPE, limit=2**26)
            self._clients.append(client)
        self.connected = sum([json.loads(await line(client, CONNECT_S))["ready"] for client in self._clients])
        return (self._memory() - self._empty) / self.connected / 1024

    async def send(self, count: int, every_s: float) -> list[float]:
        """So many messages to everyone; the moments at which they were appended."""
        appended = []
        for _ in range(count):
            appended.append(time.monotonic())
            self.append()
            await asyncio.sleep(every_s)
        return appended

    async def send_own(self, count: int, every_s: float) -> None:
        """So many videos, each made ahead for one of the viewers, who are drawn by chance."""
        draw, start = random.Random(1), time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, start + number * every_s - time.monotonic()))
            viewer = f"bench-{draw.randrange(self.connected)}"
            _there(self._process.stdin).write(f"{OWN} {viewer} {time.monotonic()}\n".encode())

    def append(self) -> None:
        """Send one message to everyone."""
        _there(self._process.stdin).write(MESSAGE)

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        used = psutil.Process(self._process.pid).cpu_times()
        return float(used.user + used.system)

    async def told(self) -> Told:
        """What came to the clients. They end."""
        arrivals, received, own = list[list[float]](), 0, list[tuple[float, float]]()
        for client in self._clients:
            _there(client.stdin).close()
            found = json.loads(await line(client, 60))
            arrivals += found["arrivals"]
            received += found["received"]
            own += found["own"]
        return Told(arrivals, received, own)

    def _memory(self) -> int:
        used: int = psutil.Process(self._process.pid).memory_info().rss
        return used


def delays(arrivals: Sequence[Sequence[float]], appended: Sequence[float], first: int = 0) -> list[float]:
    """Milliseconds from append to arrival of the messages from number `first` on, sorted.

    Clients that miss a message are left out.
    """
    last = first + len(appended)
    whole = [times[first:last] for times in arrivals if len(times) >= last]
    return sorted((at - start) * 1000 for times in whole for start, at in zip(appended, times, strict=True))


async def line(process: Process, patience_s: float) -> str:
    """The next line of its stdout. Raises TimeoutError, and RuntimeError where it has ended."""
    found = await asyncio.wait_for(_there(process.stdout).readline(), patience_s)
    if not found:
        raise RuntimeError("the process has ended")
    return found.decode()


def _there(pipe: Any) -> Any:
    if pipe is None:
        raise RuntimeError("the process has no pipe")
    return pipe
