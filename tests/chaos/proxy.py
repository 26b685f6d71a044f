"""A TCP proxy that behaves as networks do on bad days: slow, narrow, cut, or silent. Needs nothing installed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Self

from infra.stack.ports import split

_CHUNK = 65_536
#: With this, closing sends RST: the other side learns at once, and loses what it had not read.
_ABORT = struct.pack("ii", 1, 0)


class Network:
    """The loop on which proxies run, in a thread of its own. A context manager: what is open at the end is cut."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._proxies: list[Proxy] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for proxy in self._proxies:
            self._do(proxy.close())
        self._do(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def proxy(self, target: str, port: int = 0) -> Proxy:
        """A proxy before `host:port`, listening on a port of this machine; 0 takes a free one."""
        made = Proxy(self, target)
        self._do(made.listen(port))
        self._proxies.append(made)
        return made

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(work, self._loop)
        done.result(10)


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Proxy:
    """Passes bytes on in both directions, as its settings say at that moment. Settings may be changed at any time."""

    def __init__(self, network: Network, target: str) -> None:
        self._network, self._target = network, split(target)
        self._links: set[Link] = set()
        self._down = self._silent = False
        #: Seconds that every piece of data takes in each direction; bytes a second and direction, 0 for no limit.
        self.latency_s = 0.0
        self.bytes_s = 0

    @property
    def address(self) -> str:
        """Where clients connect to."""
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many there are, dead ones included."""
        return len(self._links)

    def cut(self) -> None:
        """Reset every connection, and refuse new ones in the same way until `heal`."""
        self._down = True
        self._network._do(self._reset())

    def silence(self) -> None:
        """Half-open: from now on bytes vanish, and nobody is told. New connections open, and hear nothing.

        `heal` ends that for connections to come; those that were there meanwhile stay dead for good.
        """
        self._silent = True
        for link in list(self._links):
            link.dead = True

    def heal(self) -> None:
        """As if nothing had been."""
        self._down = self._silent = False
        self.latency_s, self.bytes_s = 0.0, 0

    async def listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        await self._reset()

    async def _reset(self) -> None:
        for link in list(self._links):
            link.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, writer)
        if self._down:
            return link.abort()
        link.dead = self._silent
        self._links.add(link)
        try:
            # Cancelled at the end of all: asyncio would report that as an error of the server.
            with contextlib.suppress(asyncio.CancelledError):
                await link.run(reader, self._target)
        finally:
            self._links.discard(link)
            link.abort()


class Link:
    """One connection through a proxy. `dead`: whatever comes vanishes."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._writers = [client]
        self.dead = False

    def abort(self) -> None:
        """Both sides are reset."""
        for writer in self._writers:
            sock: socket.socket | None = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                if sock is not None:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            writer.transport.abort()

    async def run(self, reader: asyncio.StreamReader, target: tuple[str, int]) -> None:
        """Until either side ends."""
        try:
            back, forth = await asyncio.open_connection(*target)
        except OSError:
            return
        self._writers.append(forth)
        ways = [asyncio.create_task(self._carry(*way)) for way in ((reader, forth), (back, self._writers[0]))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Latency delays what is under way, it does not narrow it: pieces wait side by side."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(256)
        deliver = asyncio.create_task(self._deliver(pieces, writer))
        try:
            while data := await reader.read(_CHUNK):
                await pieces.put((loop.time() + self._proxy.latency_s, data))
            await pieces.put((loop.time() + self._proxy.latency_s, b""))
            await deliver
        except OSError:
            return
        finally:
            deliver.cancel()

    async def _deliver(self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if self.dead:
                # Not even the end of the other side gets through.
                await asyncio.Event().wait()
            if not data:
                return
            if self._proxy.bytes_s:
                await asyncio.sleep(len(data) / self._proxy.bytes_s)
            writer.write(data)
            await writer.drain()
