"""Viewers who swipe: each asks for its feed, says what it did with each video, and holds a socket.

Run by `bench.load` with the ports of the API and of the gateway, a number and seconds; tells what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

#: Seconds that a video is watched, at least and at most; how many videos a page of the feed has.
DWELL_S, PAGE = (0.5, 1.5), 5
PATIENCE_S = 30
#: The `Retry-After` of a 503.
LATER_S = 2


@dataclass
class Seen:
    """Milliseconds of each answer, messages on the sockets, and what went wrong."""

    feed_ms: list[float] = field(default_factory=list)
    swipe_ms: list[float] = field(default_factory=list)
    messages: int = 0
    errors: list[str] = field(default_factory=list)


class Viewer:
    """One of them."""

    def __init__(self, number: int, seen: Seen) -> None:
        self._name, self._seen, self._random = f"load-{number}", seen, random.Random(number)

    async def watch(self, api: int, gateway: int, until: float) -> None:
        """Swipe, and listen, until that moment of the monotonic clock."""
        try:
            async with connect(f"ws://127.0.0.1:{gateway}/", compression=None, open_timeout=PATIENCE_S) as socket:
                await socket.send(json.dumps({"type": "hello", "viewer_id": self._name}))
                listening = asyncio.create_task(self._listen(socket))
                await self._swipe(api, until)
                listening.cancel()
        except (OSError, ConnectionClosed, TimeoutError, EOFError) as error:
            self._seen.errors.append(f"{type(error).__name__}: {error}")

    async def _listen(self, socket: Any) -> None:
        try:
            async for data in socket:
                self._seen.messages += data.count('"withdrawn"')
        except ConnectionClosed as error:
            self._seen.errors.append(f"socket: {error}")

    async def _swipe(self, port: int, until: float) -> None:
        api = Api(*await asyncio.open_connection("127.0.0.1", port), self._seen)
        await asyncio.sleep(self._random.uniform(0, DWELL_S[1]))
        while time.monotonic() < until:
            page = await api.ask(self._seen.feed_ms, f"GET /v1/feed?viewer={self._name}&limit={PAGE}")
            if not page:  # as clients do who are told to come back later
                await asyncio.sleep(LATER_S)
            for item in page.get("items", []):
                watched = self._random.uniform(*DWELL_S)
                await asyncio.sleep(watched)
                swipe = {"video_id": item["video_id"], "action": "watched", "watched_ms": int(watched * 1000)}
                body = json.dumps({"viewer_id": self._name, "swipes": [swipe]})
                await api.ask(self._seen.swipe_ms, "POST /v1/swipes", body)


@dataclass
class Api:
    """A connection that is kept: a client library would cost more than the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: Seen

    async def ask(
        self, times: list[float], what: str, body: str = "", *more: str, due: float | None = None
    ) -> dict[str, Any]:
        """The answer; what is no success is noted. `more` header fields; the time counts from when it was `due`."""
        started = time.monotonic() if due is None else due
        fields = ("Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {len(body)}", *more)
        self.writer.write("\r\n".join((f"{what} HTTP/1.1", *fields, "", body)).encode())
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
            content = await self.reader.readexactly(length)
        times.append((time.monotonic() - started) * 1000)
        if head.split(b" ")[1] in (b"200", b"202"):
            found: dict[str, Any] = json.loads(content)
            return found
        self.seen.errors.append(head.split(b"\r\n", 1)[0].decode())
        return {}


async def _all(api: int, gateway: int, count: int, seconds: float) -> Seen:
    seen, until = Seen(), time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(Viewer(number, seen).watch(api, gateway, until))
    return seen


def main() -> None:
    """Watch, then tell."""
    api, gateway, count, seconds = (int(word) for word in sys.argv[1:])
    seen = uvloop.run(_all(api, gateway, count, seconds))
    print(json.dumps(vars(seen)), flush=True)


if __name__ == "__main__":
    main()
