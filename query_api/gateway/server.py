"""The websocket server: a thin shell around door, session and hub."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from infra.auth.keys import derived, root_key
from infra.kafka.tail import Tail
from infra.settings import Settings
from infra.telemetry import logs
from query_api.gateway import metrics
from query_api.gateway.client import Client, Who
from query_api.gateway.codes import Code
from query_api.gateway.door import Door, Refusal
from query_api.gateway.entries import Seal
from query_api.gateway.hub import Hub
from query_api.gateway.journal import TOPICS
from query_api.gateway.members import Member
from query_api.gateway.requests import Hello
from query_api.gateway.sockets import SocketSink
from query_api.gateway.streams import StreamSink
from query_api.gateway.tokens import Signer
from query_api.identity.identity import Identity
from query_api.identity.principal import Principal

log = logs.get("gateway")

#: The library reports every client that goes away during the handshake as an error, with a traceback.
_QUIET = logging.getLogger("gateway.websockets")
_QUIET.setLevel(logging.CRITICAL)

#: Records of each partition that are read back at the start, so that tokens outlive a restart.
HISTORY = 2_000


def make_hub(settings: Settings, seal: Seal = bytes) -> Hub:
    """The hub of this process; its tokens are honoured by every process that shares the data folder."""
    return Hub(Signer(derived(root_key(settings), "resume")), seal=seal)


@asynccontextmanager
async def start(
    settings: Settings, hub: Hub | None = None, *, identity: Identity | None = None, seal: Seal = bytes
) -> AsyncIterator[Gateway]:
    """Follow the log and listen on `host:gateway_port` until the block ends; then clients are sent away."""
    hub = hub or make_hub(settings, seal)
    async with (
        Tail(settings.kafka_address, TOPICS, history=HISTORY) as tail,
        Gateway(hub, settings.origins, (identity or Identity(settings)).who, local=settings.private) as gateway,
        _running(hub.follow(tail, lambda: tail.up), hub.run()),
    ):
        await gateway.listen(settings.host, settings.gateway_port)
        try:
            yield gateway
        finally:
            await gateway.drain()


@asynccontextmanager
async def _running(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run these beside the block. Should one fail, the block is cancelled and the failure raised: never a dead hub
    behind open sockets."""
    owner = asyncio.current_task()
    tasks = [asyncio.create_task(work) for work in works]

    def ended(task: asyncio.Task[None]) -> None:
        if owner is not None and not task.cancelled() and task.exception() is not None:
            owner.cancel()

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for failure in results:
            if isinstance(failure, Exception):
                raise failure


async def believed(_access: str | None, claimed: str | None) -> Principal:
    """Everyone is who they say: for tests and benches without an installation."""
    return Principal(claimed)


class Stream:
    """A client of server-sent events. Whoever sends `events` calls `leave` when that is over, however it ends."""

    def __init__(self, sink: StreamSink, member: Member, forget: Callable[[Stream], None]) -> None:
        self.sink, self.member, self._forget = sink, member, forget
        loop, expires = asyncio.get_running_loop(), member.who.expires
        # There is no way to send a newer token up such a stream: the client comes back with one.
        self._expiry = loop.call_later(max(0.0, expires - time.time()), self._expired) if expires else None

    def events(self) -> AsyncIterator[bytes]:
        """What is to be sent."""
        return self.sink.events()

    def leave(self) -> None:
        """The client is gone."""
        if self._expiry is not None:
            self._expiry.cancel()
        self.sink.leave()
        self._forget(self)

    def _expired(self) -> None:
        self.sink.end(Code.EXPIRED, "the token has expired")


class Gateway:
    """Listens, and connects each client's session with the hub."""

    def __init__(
        self, hub: Hub, origins: Collection[str] = (), who: Who = believed, *, local: bool = False
    ) -> None:  # fmt: skip
        self.hub, self._who = hub, who
        self._limits = hub.limits
        self._door = Door(hub.limits, time.monotonic(), origins, local=local)
        self._server: Server | None = None
        self._sinks: set[SocketSink | StreamSink] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None:
            raise RuntimeError("the gateway does not listen yet")
        number: int = next(iter(self._server.sockets)).getsockname()[1]
        return number

    async def listen(self, host: str, port: int) -> None:
        """Accept clients."""
        self._server = await serve(
            self._talk,
            host,
            port,
            process_request=self._greet,
            # Deflate costs 45 KB a client; frames are written as they are (see SocketSink).
            compression=None,
            max_size=self._limits.frame_size,
            # SocketSink bounds what waits for a client. Above this limit the library's own pings and closes would wait
            # for the client to read, without a deadline: a dead peer with a full buffer would stay for ever.
            write_limit=self._limits.buffered * 4,
            max_queue=16,
            open_timeout=self._limits.hello_s,
            ping_interval=self._limits.ping_s,
            ping_timeout=self._limits.pong_s,
            close_timeout=self._limits.evict_s,
            server_header=None,
            logger=_QUIET,
        )
        log.info("listening", host=host, port=self.port)

    async def drain(self) -> None:
        """Let nobody in and send everybody away, spread over `drain_s` so that they do not all come back at once."""
        self._door.closed = True
        await asyncio.gather(*[self._send_away(sink) for sink in self._sinks])

    def refusal(self, path: str, host: str | None, origin: str | None) -> Refusal | None:
        """Why a connection may not be opened; None: come in."""
        refusal = self._door.check(path, host, origin, len(self._sinks), time.monotonic())
        if refusal is not None:
            metrics.REFUSED.labels(reason=refusal.reason).inc()
        return refusal

    async def stream(self, hello: Hello, who: Principal, transport: asyncio.Transport | None = None) -> Stream:
        """Let a client of server-sent events in. Raises TooManyError."""
        sink = StreamSink(self._limits, transport)
        self._sinks.add(sink)
        try:
            return Stream(sink, await self.hub.join(sink, hello, who), self._forget)
        except BaseException:
            self._sinks.discard(sink)
            raise

    def _forget(self, stream: Stream) -> None:
        self._sinks.discard(stream.sink)
        self.hub.leave(stream.member)

    async def _send_away(self, sink: SocketSink | StreamSink) -> None:
        await asyncio.sleep(random.uniform(0, self._limits.drain_s))  # jitter, no secret
        await sink.end(Code.GOING_AWAY, "going away")

    def _greet(self, connection: ServerConnection, request: HttpRequest) -> Response | None:
        headers = request.headers
        refusal = self.refusal(request.path, headers.get("Host"), headers.get("Origin"))
        if refusal is None:
            return None
        response = connection.respond(refusal.status, refusal.text)
        if refusal.status is HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = str(random.randint(1, 5))  # jitter, no secret
        return response

    async def _talk(self, connection: ServerConnection) -> None:
        client = Client(connection, self.hub, self._who)
        self._sinks.add(client.sink)
        try:
            await client.run()
        except ConnectionClosed:
            pass
        except Exception:
            log.exception("a client's conversation failed")
            raise
        finally:
            self._sinks.discard(client.sink)
            client.leave()
