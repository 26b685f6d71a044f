"""The HTTP server: uvicorn, with two things that streams need: a connection that can be cut, and an end in time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Where the ASGI scope's state has the connection of a request.
TRANSPORT = "transport"


class Protocol(H11Protocol):
    """Tells requests their connection: ASGI has no word for cutting off a client that reads nothing.

    Not whichever parser is installed: httptools is a sixth cheaper, but takes headers without end.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


class Server(uvicorn.Server):
    """Leaves signals to us: uvicorn's own handling ends the process before the producer is flushed.

    `drain` ends what does not end by itself, while requests under way are finished.
    """

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain

    def stop(self) -> None:
        """Finish what is under way; at once when asked a second time."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then the rest."""
        await asyncio.gather(self._drain(), super().shutdown(sockets))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: see above."""
        yield
