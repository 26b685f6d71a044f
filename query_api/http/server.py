"""The HTTP server: uvicorn, with a connection that streams can cut, answers that arrive, and an end in time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from query_api.http.lingering import Lingering

#: Where the ASGI scope's state has the connection of a request.
TRANSPORT = "transport"


class Protocol(H11Protocol):
    """Tells requests their connection: ASGI has no word for cutting off a client that reads nothing. And answers a
    client that is still sending so that it hears why it is refused (see `lingering.py`).

    Not whichever parser is installed: httptools is a sixth cheaper, but takes headers without end.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, Lingering(transport, self, self._is_sending)))
        self.app_state = {**self.app_state, TRANSPORT: transport}

    def _is_sending(self) -> bool:
        return self.conn.their_state in (h11.SEND_BODY, h11.ERROR)


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
