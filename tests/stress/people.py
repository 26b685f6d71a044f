"""Clients of the gateway that behave, and clients that do not. Each remembers what it was told."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from query_api.gateway.requests import Hello
from query_api.identity.principal import Principal
from tests.stress.world import PARTITIONS, Log, Node
from tests.unit.gateway_kit import unpack, vid

_GARBAGE = (
    "", "{", "[]", '"x"', '{"type":1}', '{"type":"nonsense"}', '{"type":"watch"}', '{"type":"watch","video_id":"x"}',
    '{"type":"hello","viewer_id":"' + "a" * 200 + '"}', b"\x00\xff", '{"type":"lobby","on":"perhaps"}', "9" * 4000,
)  # fmt: skip


@dataclass
class Person:
    """`known` is what it knows to be watchable: told, or read from the feed. `wrong` is what should not have been."""

    name: str
    log: Log
    rng: random.Random
    nodes: Callable[[], list[Node]]
    watching: int = 0
    lobby: bool | None = False  #: whether it is short of videos; None: now and then
    known: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    resyncs: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    token: str | None = None
    live: bool = True
    ended: bool = False
    _watched: set[str] = field(default_factory=set)
    _in_lobby: bool = False
    _last: dict[int, int] = field(default_factory=dict)
    _fractions: dict[str, float] = field(default_factory=dict)

    async def steady(self) -> None:
        """Connect, read, and come back whenever it is sent away."""
        await self._live(lambda _: None)

    async def flapping(self) -> None:
        """Its network breaks every few frames, without a goodbye."""
        await self._live(lambda socket: socket.transport.abort() if self.rng.random() < 0.2 else None)

    async def slow(self) -> None:
        """It stops reading now and then, for long enough to be sent away."""
        while not self.ended:
            await self._connect(lambda _: None, reads=self.rng.randrange(2, 6))
            await asyncio.sleep(self.rng.uniform(0, 0.02))

    async def streaming(self) -> None:
        """It comes over server-sent events; its network breaks now and then, and it comes back with its last id."""
        while not self.ended:
            await self._stream()
            await asyncio.sleep(self.rng.uniform(0, 0.02))

    async def _stream(self) -> None:
        nodes = self.nodes()
        gateway = self.rng.choice(nodes).gateway if nodes else None
        if gateway is None or gateway.refusal("/v1/live", None, None):
            return  # nobody is there right now
        self._fractions.clear()
        hello = Hello(type="hello", resume=self.token, videos=tuple({*self._watch()}), lobby=self._enter())
        stream = await gateway.stream(hello, Principal(self.name))
        try:
            async for chunk in stream.events():
                self._take_in(chunk)
                if self.rng.random() < 0.1:
                    return
        finally:
            stream.leave()

    def _take_in(self, chunk: bytes) -> None:
        for event in chunk.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in event.splitlines())
            for frame in unpack(fields.get("data", "[]")):
                self.codes += [frame["code"]] if frame["type"] == "close" else []
                self._hear(frame)
            if fields.get("id", self.token) != self.token:
                self.wrong.append(f"the id {fields['id']} is not the newest token")

    async def hostile(self) -> None:
        """It says what nobody should, in every state."""
        while not self.ended:
            try:
                async with connect(self._somewhere(), open_timeout=2, close_timeout=0.2) as socket:
                    await self._rave(socket)
                    self.codes.append(socket.close_code or 0)
            except (OSError, InvalidHandshake, ConnectionClosed):
                await asyncio.sleep(0.01)

    async def _rave(self, socket: ClientConnection) -> None:
        hello = {"type": "hello", "viewer_id": self.name}
        if self.rng.random() < 0.6:
            await socket.send(json.dumps(hello | ({"resume": self._forged()} if self.rng.random() < 0.5 else {})))
        for _ in range(self.rng.randrange(1, 12)):
            await socket.send(self.rng.choice(_GARBAGE))
        try:
            async with asyncio.timeout(0.3):
                await socket.wait_closed()
        except TimeoutError:
            return  # it was not bad enough

    async def _live(self, after: Callable[[ClientConnection], None]) -> None:
        while not self.ended:
            await self._connect(after)
            await asyncio.sleep(self.rng.uniform(0, 0.02))

    async def _connect(self, after: Callable[[ClientConnection], None], reads: int | None = None) -> None:
        try:
            async with connect(self._somewhere(), open_timeout=2, close_timeout=0.2, max_queue=2) as socket:
                self._fractions.clear()
                hello = {"type": "hello", "viewer_id": self.name, "videos": self._watch(), "lobby": self._enter()}
                await socket.send(json.dumps(hello | ({"resume": self.token} if self.token else {})))
                await self._read(socket, after, reads)
                self.codes.append(socket.close_code or 0)
        except ConnectionClosed as error:
            self.codes.append(error.rcvd.code if error.rcvd else 1006)
        except (OSError, InvalidHandshake, IndexError):
            pass  # nobody is there right now

    async def _read(
        self, socket: ClientConnection, after: Callable[[ClientConnection], None], reads: int | None
    ) -> None:
        async for data in socket:
            content = json.loads(data)
            for frame in content if isinstance(content, list) else [content]:
                self._hear(frame)
            await self._come_and_go(socket)
            after(socket)
            if reads is not None and (reads := reads - 1) == 0:
                await asyncio.sleep(0.25)  # nothing is read; the next one finds out what became of the connection
                return

    def _watch(self) -> list[str]:
        videos = [vid(self.rng.randrange(40)) for _ in range(self.watching)]
        self._watched.update(videos)
        return videos

    def _enter(self) -> bool:
        self._in_lobby = self.rng.random() < 0.5 if self.lobby is None else self.lobby
        return self._in_lobby

    async def _come_and_go(self, socket: ClientConnection) -> None:
        """Into the lobby, and out of it again."""
        if self.lobby is None and self.rng.random() < 0.3:
            await socket.send(json.dumps({"type": "lobby", "on": self._enter()}))

    @property
    def owed(self) -> set[str]:
        """What it must hear of: in the lobby everything, elsewhere not what was made ahead for others."""
        return self.log.videos if self.lobby else self.log.videos - self.log.ahead_of_others(self.name)

    def _hear(self, frame: dict[str, Any]) -> None:
        kind, first = frame["type"], self.token is None
        if kind == "resync" or (kind == "welcome" and first):
            self._start_afresh(frame.get("reason"))
        if "live" in frame:
            self.live = frame["live"]
        if "at" in frame:
            self._in_order(*frame["at"], frame)
        if kind == "progress":
            self._goes_forward(frame["video_id"], frame["fraction"])
        if kind == "video":
            self.known.add(frame["card"]["video_id"])
            if frame["audience"] == "another" and self.lobby is False and frame["video_id"] not in self._watched:
                self.wrong.append(f"{frame['video_id']} was made for another, and is not needed")
        if frame.get("token"):
            self.token = frame["token"]

    def _start_afresh(self, reason: str | None) -> None:
        """It fetches the feed, as it is told to: what stands in the log by now is known."""
        self.known = set(self.log.videos)
        self._last.clear()
        self._fractions.clear()
        if reason:
            self.resyncs.append(reason)

    def _in_order(self, partition: int, offset: int, frame: dict[str, Any]) -> None:
        if not frame.get("token"):
            return  # told again because it is watched: no news
        if offset <= self._last.get(partition, -1):
            self.wrong.append(f"{frame['type']} {partition}/{offset} after {self._last[partition]}")
        if not 0 <= partition < PARTITIONS:
            self.wrong.append(f"partition {partition}")
        self._last[partition] = offset

    def _goes_forward(self, video_id: str, fraction: float) -> None:
        if fraction < self._fractions.get(video_id, 0.0):
            self.wrong.append(f"progress of {video_id} went back to {fraction}")
        self._fractions[video_id] = fraction

    def _somewhere(self) -> str:
        return self.rng.choice(self.nodes()).url

    def _forged(self) -> str:
        return self.rng.choice(["", "x", "v1.e30.AAAA", (self.token or "a.b.c")[:-2] + "zz"])
