"""The sink of a websocket client: writes without waiting, holds a bounded number of bytes, ends itself when slow."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from infra.telemetry import logs
from query_api.gateway import metrics
from query_api.gateway.codes import Code
from query_api.gateway.frames import Message
from query_api.gateway.limits import Limits

log = logs.get("gateway.sockets")

_OPEN = State.OPEN


class SocketSink:
    """Writes prepared frames straight to the transport: one frame is built once for any number of clients.

    That is sound because the server negotiates no extension (a frame is the same for all) and sends no fragments.
    """

    __slots__ = ("_connection", "_ending", "_most", "_protocol", "_transport")

    def __init__(self, connection: ServerConnection, limits: Limits) -> None:
        # Thousands are written to in one go: what that needs is here, not three objects away.
        self._connection, self._most = connection, limits.buffered
        self._protocol, self._transport = connection.protocol, connection.transport
        self._ending: asyncio.Task[None] | None = None

    @property
    def buffered(self) -> int:
        """Bytes that the client has not read yet."""
        size: int = self._transport.get_write_buffer_size()
        return size

    def offer(self, message: Message) -> None:
        """Write a message; a client that leaves too much unread is sent away."""
        if self._ending is not None or self._protocol.state is not _OPEN:
            return
        try:
            self._transport.write(message.wire)
        except (OSError, RuntimeError) as error:  # the peer is gone; its own task finds out
            log.debug("not written", why=str(error))
            return
        if self._transport.get_write_buffer_size() > self._most:
            self.end(Code.TOO_SLOW, "too much unread")

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def end(self, code: Code, reason: str) -> asyncio.Task[None]:
        """Close with a code. What waits may still be read for `evict_s`; after that the connection is cut."""
        if self._ending is None:
            metrics.CLOSED.labels(code=str(int(code))).inc()
            self._ending = asyncio.create_task(self._connection.close(code, reason))
        return self._ending
