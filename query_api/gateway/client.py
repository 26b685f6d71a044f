"""One connected client: reads its messages and obeys what the session makes of them."""

from __future__ import annotations

import asyncio
import time

from websockets.asyncio.server import ServerConnection

from query_api.gateway import metrics
from query_api.gateway.codes import Code
from query_api.gateway.frames import Message
from query_api.gateway.hub import Hub, TooManyError
from query_api.gateway.members import Member
from query_api.gateway.requests import Hello, Lobby, Unwatch, Watch
from query_api.gateway.session import Command, End, Say, Session
from query_api.gateway.sockets import SocketSink


class Client:
    """Joins a connection, its session and the hub."""

    def __init__(self, connection: ServerConnection, hub: Hub) -> None:
        self._connection, self._hub = connection, hub
        self.sink = SocketSink(connection, hub.limits)
        self._session = Session(hub.limits, time.monotonic())
        self._member: Member | None = None

    async def run(self) -> None:
        """Talk until the connection is closed. Raises ConnectionClosed."""
        try:
            async with asyncio.timeout(self._hub.limits.hello_s):
                first = await self._connection.recv()
            await self._hear(first)
        except TimeoutError:
            await self._obey(self._session.late())
        while True:
            await self._hear(await self._connection.recv())

    def leave(self) -> None:
        """The connection is gone."""
        if self._member is not None:
            self._hub.leave(self._member)

    async def _hear(self, data: str | bytes) -> None:
        await self._obey(self._session.receive(data, time.monotonic()))

    async def _obey(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Say):
                metrics.MALFORMED.inc()
                self.sink.offer(Message(command.frame))
            elif isinstance(command, End):
                await self.sink.end(command.code, command.reason)
            elif isinstance(command, Hello):
                await self._join(command)
            elif self._member is not None:
                self._pass_on(self._member, command)

    async def _join(self, hello: Hello) -> None:
        try:
            self._member = await self._hub.join(self.sink, hello)
        except TooManyError:
            await self.sink.end(Code.TOO_MANY, "this viewer has too many connections")

    def _pass_on(self, member: Member, command: Watch | Unwatch | Lobby) -> None:
        if isinstance(command, Watch):
            self._hub.watch(member, command.video_id)
        elif isinstance(command, Unwatch):
            self._hub.unwatch(member, command.video_id)
        else:
            self._hub.lobby(member, command.on)
