"""A client of server-sent events: what waits for it is bounded, and it is cut off when it reads nothing."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import deque
from collections.abc import AsyncIterator

from query_api.gateway import frames, metrics
from query_api.gateway.codes import Code
from query_api.gateway.frames import Message
from query_api.gateway.limits import Limits

#: Said when nothing else was (a comment, as the standard proposes): proxies see life, and the dead are noticed.
KEEP_ALIVE = b":\n\n"
#: Milliseconds after which a client comes back, spread so that not all do so at once.
RETRY_MS = (1000, 4000)


class StreamSink:
    """The sink of one stream. `events` is what goes out; whoever sends it calls `leave` when it is over.

    `transport` is what the stream is written to, where the server tells: without it, a client that reads nothing is
    noticed, but its connection stays for the system to end.
    """

    def __init__(self, limits: Limits, transport: asyncio.Transport | None = None) -> None:
        self._limits, self._transport = limits, transport
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._ending = False
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._push(b"retry: %d\n\n" % random.randint(*RETRY_MS))  # jitter, no secret
        _forget_the_dead(transport, limits)

    @property
    def buffered(self) -> int:
        """Bytes that the client has not read yet."""
        return self._size + (self._transport.get_write_buffer_size() if self._transport else 0)

    def offer(self, message: Message) -> None:
        """Take a message; a client that leaves too much unread is sent away."""
        if self._ending:
            return
        self._push(message.event)
        if self.buffered > self._limits.buffered:
            self.end(Code.TOO_SLOW, "too much unread")

    def end(self, code: Code, reason: str) -> asyncio.Future[None]:
        """Say why, and end. What waits may still be read for `evict_s`; after that the connection is cut."""
        if not self._ending:
            metrics.CLOSED.labels(code=str(int(code))).inc()
            self._push(Message(frames.close(int(code), reason)).event)
            self._ending = True
            asyncio.get_running_loop().call_later(self._limits.evict_s, self.abort)
        return self._gone

    def leave(self) -> None:
        """The stream is over."""
        self._ending = True
        self._news.set()
        if not self._gone.done():
            self._gone.set_result(None)

    async def events(self) -> AsyncIterator[bytes]:
        """What is to be sent, until the stream ends."""
        while True:
            try:
                async with asyncio.timeout(self._limits.ping_s):
                    await self._news.wait()
            except TimeoutError:
                yield KEEP_ALIVE
                continue
            self._news.clear()
            if self._gone.done():
                return
            yield self._taken()
            if self._ending and not self._waiting:
                return

    def _push(self, event: bytes) -> None:
        self._waiting.append(event)
        self._size += len(event)
        self._news.set()

    def _taken(self) -> bytes:
        together = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        return together

    def abort(self) -> None:
        """Cut the connection."""
        self.leave()
        if self._transport is not None:
            self._transport.abort()


def _forget_the_dead(transport: asyncio.Transport | None, limits: Limits) -> None:
    """Nobody answers to a comment: the system is told how long a peer may leave bytes unacknowledged (RFC 5482)."""
    own = transport.get_extra_info("socket") if transport else None
    if own is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round((limits.ping_s + limits.pong_s) * 1000))
