"""One connected client: reads its messages and obeys what the session makes of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from websockets.asyncio.server import ServerConnection

from infra.errors import UnavailableError
from query_api.gateway import metrics
from query_api.gateway.codes import Code
from query_api.gateway.frames import Message
from query_api.gateway.hub import Hub, TooManyError
from query_api.gateway.members import Member
from query_api.gateway.requests import Hello, Lobby, Refresh, Unwatch, Watch
from query_api.gateway.session import Command, End, Say, Session
from query_api.gateway.sockets import SocketSink
from query_api.identity.principal import ForbiddenError, Principal, UnauthenticatedError

#: Says who asks, by a token and the viewer that is named: `Identity.who`.
Who = Callable[[str | None, str | None], Awaitable[Principal]]


class Client:
    """Joins a connection, its session and the hub."""

    def __init__(self, connection: ServerConnection, hub: Hub, who: Who) -> None:
        self._connection, self._hub, self._who = connection, hub, who
        self.sink = SocketSink(connection, hub.limits)
        self._session = Session(hub.limits, time.monotonic())
        self._member: Member | None = None
        self._expiry: asyncio.TimerHandle | None = None

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
        self._until(None)
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
            elif isinstance(command, Refresh):
                await self._refresh(command)
            elif self._member is not None:
                self._pass_on(self._member, command)

    async def _join(self, hello: Hello) -> None:
        who = await self._asked(hello.access, hello.viewer_id)
        if who is None:
            return None
        if who.viewer_id is None:
            return await self.sink.end(Code.BAD_HELLO, "say who watches: viewer_id, or access")
        self._until(who.expires)
        try:
            self._member = await self._hub.join(self.sink, hello, who)
        except TooManyError:
            await self.sink.end(Code.TOO_MANY, "this viewer has too many connections")

    async def _asked(self, access: str | None, claimed: str | None) -> Principal | None:
        """Who asks; None: nobody who may, and the connection ends."""
        try:
            return await self._who(access, claimed)
        except (UnauthenticatedError, ForbiddenError) as error:
            await self.sink.end(Code.UNKNOWN, str(error)[:100])
        except UnavailableError:
            await self.sink.end(Code.LATER, "tokens cannot be checked right now")
        return None

    async def _refresh(self, command: Refresh) -> None:
        """The same viewer with a newer token: nothing is dropped."""
        who = await self._asked(command.access, None)
        if who is None or self._member is None:
            return None
        if who.viewer_id != self._member.viewer_id:
            return await self.sink.end(Code.UNKNOWN, "the token is that of another viewer")
        self._until(who.expires)

    def _until(self, expires: float | None) -> None:
        """Close when a token has expired (seconds since the epoch), unless a newer one comes; None: never."""
        if self._expiry is not None:
            self._expiry.cancel()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(max(0.0, expires - time.time()), self._expired) if expires else None

    def _expired(self) -> None:
        self.sink.end(Code.EXPIRED, "the token has expired")

    def _pass_on(self, member: Member, command: Watch | Unwatch | Lobby) -> None:
        if isinstance(command, Watch):
            self._hub.watch(member, command.video_id)
        elif isinstance(command, Unwatch):
            self._hub.unwatch(member, command.video_id)
        else:
            self._hub.lobby(member, command.on)
