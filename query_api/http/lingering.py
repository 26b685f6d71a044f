"""An answer that reaches a client which is still sending: the connection is closed in the two steps of RFC 9112, 9.6.

Closed at once, with bytes that nobody read, TCP sends a reset, and the reset overtakes the answer: instead of "the body
is larger than this API takes" a browser and most libraries know of a broken connection only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

#: What still comes is dropped for so long, and no longer than this without any of it (as nginx does by default).
LONGEST_S, IDLE_S = 30.0, 5.0


class Lingering:
    """A transport that, closed while the client is `sending`, ends what it sends itself, and drops what comes.

    Closed again, it ends without waiting. Everything else is the transport's own.
    """

    def __init__(
        self, transport: asyncio.Transport, protocol: asyncio.Protocol, sending: Callable[[], bool]
    ) -> None:  # fmt: skip
        self._transport, self._protocol, self._sending = transport, protocol, sending
        self._lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._lingers or self._transport.is_closing()

    def close(self) -> None:
        """Send what is left, then end."""
        if self.is_closing() or not self._sending() or not self._transport.can_write_eof():
            return self._transport.close()
        self._lingers = True
        self._transport.write_eof()
        _Sink(self._transport, self._protocol).begin()


class _Sink(asyncio.Protocol):
    """Drops what comes, for a while; the end of the connection is told to the protocol before."""

    def __init__(self, transport: asyncio.Transport, before: asyncio.Protocol) -> None:
        self._transport, self._before, self._loop = transport, before, asyncio.get_running_loop()
        self._began = self._last = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._transport.set_protocol(self)
        self._transport.resume_reading()
        self._watch()

    def _watch(self) -> None:
        ends = min(self._began + LONGEST_S, self._last + IDLE_S)
        if self._loop.time() >= ends:
            self._transport.abort()
        else:
            self._timer = self._loop.call_at(ends, self._watch)

    def data_received(self, data: bytes) -> None:
        self._last = self._loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._before.connection_lost(exc)
