"""A hub in a process of its own, with clients in others: what it holds, what it spends, and when messages arrive."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import psutil

#: Processes that the clients are in, and how long they may take to connect, in seconds.
PROCESSES, CONNECT_S = 2, 400
#: What is sent to everyone: as long as a message of the gateway, with its token.
MESSAGE = b'{"type":"withdrawn","video_id":"' + b"0" * 36 + b'","token":"' + b"0" * 60 + b'"}\n'
#: The viewer who is sent something of their own while everyone is sent something, and how long after that began.
OWN, WITHIN_S = "own", 0.02


@dataclass(frozen=True, kw_only=True)
class Sent:
    """CPU microseconds a delivery, milliseconds from append to socket at some of the clients, deliveries that did not
    come."""

    cpu_us: float
    push_ms: Sequence[float]
    missing: int


class Node:
    """A process that says its port and sends each line of its stdin to everyone."""

    #: How its clients say hello (see `gateway_clients`).
    greeting = "gateway"

    def __init__(self, *command: str) -> None:
        self._command = command
        self._clients: list[Process] = []
        self.connected = 0
        #: When something was sent to a single viewer.
        self.own_at: list[float] = []

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
        words = (sys.executable, "-m", "bench.gateway_clients", str(self.port), str(count // PROCESSES), self.greeting)
        for _ in range(PROCESSES):
            client = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE, limit=2**26)
            self._clients.append(client)
        self.connected = sum([json.loads(await line(client, CONNECT_S))["ready"] for client in self._clients])
        return (self._memory() - self._empty) / self.connected / 1024

    async def send(self, count: int, every_s: float, *, own: bool = False) -> list[float]:
        """So many messages to everyone; the moments at which they were appended. `own`: and one to a single viewer
        while each of them is on its way."""
        appended = []
        for _ in range(count):
            appended.append(time.monotonic())
            self.append()
            if own:
                await asyncio.sleep(WITHIN_S)
                self.own_at.append(time.monotonic())
                _there(self._process.stdin).write(f"{OWN}\n".encode())
            await asyncio.sleep(every_s)
        return appended

    def append(self) -> None:
        """Send one message to everyone."""
        _there(self._process.stdin).write(MESSAGE)

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        used = psutil.Process(self._process.pid).cpu_times()
        return float(used.user + used.system)

    async def told(self) -> tuple[list[list[float]], int]:
        """Arrivals at some of the clients, and how many messages came to all of them. They end."""
        arrivals: list[list[float]] = []
        received = 0
        for client in self._clients:
            _there(client.stdin).close()
            found = json.loads(await line(client, 60))
            arrivals += found["arrivals"]
            received += found["received"]
        return arrivals, received

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
