"""The server over real sockets, without Kafka: slow readers, limits, dead peers, closing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from infra.settings import Settings
from query_api.gateway import Gateway, Hub, Limits, metrics
from query_api.gateway.codes import Code
from query_api.identity.identity import Identity
from tests.unit.gateway_kit import VIEWER, accepted, batch, published, received, rendering, unpack, vid

Start = Callable[[Limits], Awaitable[Gateway]]
QUICK = Limits(tick_s=0.005, drain_s=0.05, evict_s=0.3)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with contextlib.AsyncExitStack() as stack:

        async def begin(limits: Limits) -> Gateway:
            hub = Hub(limits=limits)
            hub.take(batch(positions={0: 0}))
            running = asyncio.create_task(hub.run())
            stack.callback(running.cancel)
            gateway = await stack.enter_async_context(Gateway(hub))
            await gateway.listen("127.0.0.1", 0)
            return gateway

        yield begin


_OPEN: list[ClientConnection] = []


@pytest.fixture(autouse=True)
async def hang_up() -> AsyncIterator[None]:
    yield
    for client in _OPEN:
        client.transport.abort()
        await client.wait_closed()
    _OPEN.clear()


async def knock(gateway: Gateway, path: str = "", **options: Any) -> ClientConnection:
    client = await connect(f"ws://127.0.0.1:{gateway.port}/{path}", **options)
    _OPEN.append(client)
    return client


async def dial(gateway: Gateway, viewer: str = VIEWER, **hello: Any) -> ClientConnection:
    client = await knock(gateway)
    await client.send(json.dumps({"type": "hello", "viewer_id": viewer, **hello}))
    assert unpack(await client.recv())[0]["type"] == "welcome"
    return client


async def code_of(client: ClientConnection, timeout_s: float = 5) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(timeout_s):
            while True:
                await client.recv()
    return client.close_code


def publish(gateway: Gateway, first: int, count: int = 1) -> None:
    gateway.hub.take(batch([received(published(number), number) for number in range(first, first + count)]))


class Stalled:
    """A client that shakes hands, says hello and never reads again."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        hello = json.dumps({"type": "hello", "viewer_id": "stalled"}).encode()
        self._socket.sendall(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)

    def close(self) -> None:
        self._socket.close()


async def test_one_who_does_not_read_is_sent_away_and_holds_up_nobody(start: Start) -> None:
    gateway = await start(Limits(tick_s=0.005, evict_s=0.3, buffered=65_536))
    evicted = metrics.CLOSED.labels(code="4008")._value.get()
    clients = [await dial(gateway, f"v{number}") for number in range(20)]
    stalled = Stalled(gateway.port)
    async with asyncio.timeout(30):
        while len(gateway.hub.members) < 21:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
    worst = 0.0
    sink = next(member.sink for member in gateway.hub.members if member.viewer_id == "stalled")
    most = 0
    for first in range(0, 6000, 10):
        started = time.monotonic()
        publish(gateway, first, 10)
        for client in clients:
            while not any(frame.get("video_id") == vid(first + 9) for frame in unpack(await client.recv())):
                pass
        worst = max(worst, time.monotonic() - started)
        most = max(most, sink.buffered)
        if metrics.CLOSED.labels(code="4008")._value.get() > evicted:
            break
    assert metrics.CLOSED.labels(code="4008")._value.get() == evicted + 1
    assert worst < 10
    assert most < 65_536 + 20_000
    async with asyncio.timeout(30):
        while len(gateway.hub.members) > 20:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
    stalled.close()


async def test_a_hello_must_come_in_time(start: Start) -> None:
    gateway = await start(Limits(hello_s=0.3))
    assert await code_of(await knock(gateway)) == Code.NO_HELLO


@pytest.mark.parametrize(
    ("message", "code"),
    [("nonsense", 4002), (b"\xff\xfe", 4002), ("x" * 20_000, 1009), (json.dumps({"type": "lobby"}), 4002)],
)
async def test_what_is_malformed_is_closed_with_a_code(start: Start, message: str | bytes, code: int) -> None:
    client = await knock(await start(QUICK))
    await client.send(message)
    assert await code_of(client) == code


async def test_errors_after_the_hello_are_answered_and_then_closed(start: Start) -> None:
    client = await dial(await start(QUICK))
    for _ in range(QUICK.errors):
        await client.send("{}")
        assert unpack(await client.recv())[0]["code"] == "no_type"
    await client.send("{}")
    assert await code_of(client) == Code.MALFORMED


async def test_a_viewer_and_a_node_have_so_many_connections_and_no_more(start: Start) -> None:
    gateway = await start(Limits(connections=4, connections_per_viewer=2, drain_s=0.05))
    clients = [await dial(gateway), await dial(gateway)]
    third = await knock(gateway)
    await third.send(json.dumps({"type": "hello", "viewer_id": VIEWER}))
    assert await code_of(third) == Code.TOO_MANY
    clients += [await dial(gateway, "a"), await dial(gateway, "b")]
    with pytest.raises(InvalidStatus) as refused:
        await dial(gateway, "c")
    assert refused.value.response.status_code == 503
    assert 1 <= int(refused.value.response.headers["Retry-After"]) <= 5


@pytest.mark.parametrize(("path", "origin", "status"), [("elsewhere", None, 404), ("", "https://evil.example", 403)])
async def test_strangers_are_refused_before_the_handshake(
    start: Start, path: str, origin: str | None, status: int
) -> None:
    gateway = await start(QUICK)
    with pytest.raises(InvalidStatus) as refused:
        await knock(gateway, path, origin=origin)
    assert refused.value.response.status_code == status


async def test_a_dead_peer_is_found_by_its_silence(start: Start) -> None:
    gateway = await start(Limits(ping_s=0.1, pong_s=0.1, evict_s=0.1))
    stalled = Stalled(gateway.port)
    async with asyncio.timeout(30):
        while not len(gateway.hub.members):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
        while len(gateway.hub.members):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    stalled.close()


async def test_a_dead_peer_is_found_though_much_waits_for_it(start: Start) -> None:
    gateway = await start(Limits(tick_s=0.005, ping_s=0.2, pong_s=0.2, evict_s=0.2, buffered=10_000_000))
    stalled = Stalled(gateway.port)
    async with asyncio.timeout(30):
        while not len(gateway.hub.members):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
        publish(gateway, 0, 5000)
        await asyncio.sleep(0.05)
        assert sum(member.sink.buffered for member in gateway.hub.members) > 100_000
        while len(gateway.hub.members):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    stalled.close()


async def test_a_drain_sends_everyone_away_and_lets_nobody_in(start: Start) -> None:
    gateway = await start(QUICK)
    clients = [await dial(gateway, f"v{number}") for number in range(10)]
    draining = asyncio.create_task(gateway.drain())
    assert {await code_of(client) for client in clients} == {Code.GOING_AWAY}
    await draining
    with pytest.raises(InvalidStatus) as refused:
        await dial(gateway)
    assert refused.value.response.status_code == 503


async def test_many_come_and_go_and_nothing_is_left(start: Start) -> None:
    gateway = await start(QUICK)
    for round_number in range(5):
        clients = await asyncio.gather(*[dial(gateway, f"v{number}") for number in range(30)])
        publish(gateway, round_number)
        for number, client in enumerate(clients):
            if number % 2:
                client.transport.abort()
            else:
                await client.close()
    async with asyncio.timeout(30):
        while len(gateway.hub.members):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
    assert not gateway._sinks
    assert metrics.CONNECTIONS._value.get() == 0


def named(settings: Settings, viewer: str, lifetime_s: float, *scopes: Scope) -> str:
    return TokenIssuer(root_key(settings)).issue(viewer, scopes or (Scope.VIEWER,), lifetime_s)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[Gateway, Settings]]:
    """A gateway that lets nobody in without a token."""
    settings, hub = Settings(data_dir=tmp_path, auth="required"), Hub(limits=QUICK)
    hub.take(batch(positions={0: 0}))
    running = asyncio.create_task(hub.run())
    async with Gateway(hub, who=Identity(settings).who) as gateway:
        await gateway.listen("127.0.0.1", 0)
        yield gateway, settings
    running.cancel()


async def said(gateway: Gateway, **hello: Any) -> ClientConnection:
    client = await knock(gateway)
    await client.send(json.dumps({"type": "hello", **hello}))
    return client


async def ended(client: ClientConnection) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(client.recv(), 30)
    return client.close_code


async def test_where_tokens_are_needed_only_their_own_viewers_come_in(guarded: tuple[Gateway, Settings]) -> None:
    gateway, settings = guarded
    token = named(settings, VIEWER, 60)
    for hello in ({"viewer_id": VIEWER}, {"access": "x"}, {"access": token, "viewer_id": "another"}):
        assert await ended(await said(gateway, **hello)) == Code.UNKNOWN
    for hello in ({"access": token}, {"access": token, "viewer_id": VIEWER}):
        assert unpack((await (await said(gateway, **hello)).recv()).encode())[0]["type"] == "welcome"  # type: ignore[union-attr]


async def test_without_a_name_and_without_a_token_nobody_is_there(start: Start) -> None:
    assert await ended(await said(await start(QUICK))) == Code.BAD_HELLO


async def test_a_connection_ends_with_its_token_unless_a_newer_one_comes(
    guarded: tuple[Gateway, Settings],
) -> None:
    # given two connections whose tokens last a second
    gateway, settings = guarded
    clients = [await said(gateway, access=named(settings, VIEWER, 1.5)) for _ in range(2)]
    # when one of them sends a newer one
    await clients[0].send(json.dumps({"type": "refresh", "access": named(settings, VIEWER, 60)}))
    # then the other is closed, and the first goes on
    assert await ended(clients[1]) == Code.EXPIRED
    await clients[0].send(json.dumps({"type": "nonsense"}))
    while '"error"' not in str(await asyncio.wait_for(clients[0].recv(), 30)):
        pass


@pytest.mark.parametrize("viewer", ["another", None])
async def test_a_newer_token_must_be_that_of_the_same_viewer(
    guarded: tuple[Gateway, Settings], viewer: str | None
) -> None:
    gateway, settings = guarded
    client = await said(gateway, access=named(settings, VIEWER, 60))
    newer = named(settings, viewer, 60) if viewer else "nonsense"
    await client.send(json.dumps({"type": "refresh", "access": newer}))
    assert await ended(client) == Code.UNKNOWN


async def test_how_somebody_elses_video_comes_to_be_is_not_told(guarded: tuple[Gateway, Settings]) -> None:
    # given three who watch a video of the first one's, one of them an operator
    gateway, settings = guarded
    tokens = [named(settings, VIEWER, 60), named(settings, "another", 60), named(settings, "op", 60, Scope.OPERATOR)]
    clients = [await said(gateway, access=token, videos=[vid(1)]) for token in tokens]
    for client in clients:
        await client.recv()
    # when it is accepted and drawn, and another one is published
    gateway.hub.take(batch([received(accepted(1), 0), received(rendering(1, 0.5), 0), received(published(2), 1)]))
    await gateway.hub.flush()
    # then the stranger hears of what is published alone
    heard = [{frame["type"] for frame in unpack((await client.recv()).encode())} for client in clients]  # type: ignore[union-attr]
    assert heard == [{"accepted", "progress", "video"}, {"video"}, {"accepted", "progress", "video"}]
    # and so does one who comes later
    late = await said(gateway, access=tokens[1], videos=[vid(1)])
    assert [frame["type"] for frame in unpack((await late.recv()).encode())] == ["welcome"]  # type: ignore[union-attr]
