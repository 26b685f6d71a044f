"""The stream against a real websocket server on loopback that misbehaves as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from swipestream_client import ClosedError, Stream
from swipestream_client.backoff import Backoff
from websockets.asyncio.server import ServerConnection, serve

WELCOME = {"type": "welcome", "protocol": 1, "token": "t0", "resumed": False, "replayed": 0, "beat_s": 10, "live": True}
Script = Callable[[ServerConnection, dict[str, Any], int], Awaitable[None]]


@asynccontextmanager
async def gateway(script: Script) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """A server that reads the hello and then does what `script(socket, hello, number of this connection)` says."""
    number = 0

    async def handle(socket: ServerConnection) -> None:
        nonlocal number
        number += 1
        await script(socket, json.loads(await socket.recv()), number)

    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]

        async def address() -> str:
            return f"ws://127.0.0.1:{port}/"

        yield address


def stream(address: Callable[[], Awaitable[str]], **options: Any) -> Stream:
    return Stream(address, "ada", backoff=Backoff(first=0.01, most=0.02), **options)


async def some(frames: Stream, count: int) -> list[Any]:
    found: list[Any] = []
    async with asyncio.timeout(30):
        async for frame in frames:
            found.append(frame)
            if len(found) == count:
                break
    return found


async def test_a_lost_connection_goes_on_with_the_newest_token_and_what_is_watched() -> None:
    hellos = []

    async def script(socket: ServerConnection, hello: dict[str, Any], number: int) -> None:
        hellos.append(hello)
        await socket.send(json.dumps([WELCOME, {"type": "beat", "token": f"t{number}", "live": True}]))
        if number == 1:
            await socket.recv()  # the watch
        await socket.close(1001)

    async with gateway(script) as address:
        frames = stream(address, videos=["v1"])
        found = []
        async with asyncio.timeout(30):
            async for frame in frames:
                found.append(frame["type"])
                if len(found) == 1:
                    await frames.watch("v2")
                if len(found) == 4:
                    break

    assert found == ["welcome", "beat"] * 2 and frames.token == "t2"
    assert "resume" not in hellos[0] and hellos[0]["videos"] == ["v1"]
    assert hellos[1]["resume"] == "t1" and hellos[1]["videos"] == ["v1", "v2"]


async def test_who_is_short_of_videos_says_so_again_when_it_comes_back() -> None:
    hellos, said = [], []

    async def script(socket: ServerConnection, hello: dict[str, Any], number: int) -> None:
        hellos.append(hello["lobby"])
        await socket.send(json.dumps(WELCOME))
        said.append(json.loads(await socket.recv()))
        await socket.close(1001)

    async with gateway(script) as address:
        frames, wanted = stream(address), iter([True, False, True])
        async with asyncio.timeout(30):
            async for _ in frames:
                if len(hellos) == 3:
                    break
                await frames.enter_lobby(next(wanted))

    assert hellos == [False, True, False]
    assert said[:2] == [{"type": "lobby", "on": True}, {"type": "lobby", "on": False}]


async def test_a_stream_goes_on_where_an_earlier_one_was() -> None:
    async def script(socket: ServerConnection, hello: dict[str, Any], number: int) -> None:
        await socket.send(json.dumps({"type": "resync", "reason": hello["resume"], "token": "new"}))
        await socket.wait_closed()

    async with gateway(script) as address:
        frames = stream(address, resume="kept")
        assert (await some(frames, 1))[0]["reason"] == "kept"
    assert frames.token == "new"


@pytest.mark.parametrize("code", [1009, 4000, 4002, 4004, 4005, 4006])
async def test_what_must_not_be_repeated_is_not(code: int) -> None:
    async def script(socket: ServerConnection, hello: dict[str, Any], number: int) -> None:
        await socket.close(code, "no")

    async with gateway(script) as address:
        with pytest.raises(ClosedError, match=rf"no \({code}\)") as caught:
            await some(stream(address), 1)
    assert caught.value.code == code


@pytest.mark.parametrize("code", [1001, 1011, 4003, 4008])
async def test_every_other_end_is_followed_by_another_try(code: int) -> None:
    async def script(socket: ServerConnection, hello: dict[str, Any], number: int) -> None:
        if number > 2:
            await socket.send(json.dumps(WELCOME))
            await socket.wait_closed()
        await socket.close(code)

    async with gateway(script) as address:
        assert (await some(stream(address), 1))[0]["type"] == "welcome"


async def test_a_gateway_that_falls_silent_is_left() -> None:
    async def script(socket: ServerConnection, hello: dict[str, Any], number: int) -> None:
        await socket.send(json.dumps(WELCOME | {"beat_s": 0.02}))
        await socket.wait_closed()

    async with gateway(script) as address:
        assert [frame["type"] for frame in await some(stream(address), 2)] == ["welcome", "welcome"]


async def test_leaving_the_loop_closes_the_connection() -> None:
    gone = asyncio.Event()

    async def script(socket: ServerConnection, hello: dict[str, Any], number: int) -> None:
        await socket.send(json.dumps(WELCOME))
        await socket.wait_closed()
        gone.set()

    async with gateway(script) as address:
        frames = stream(address)
        iterator = frames.frames()
        assert (await anext(iterator))["type"] == "welcome" and frames.live
        await iterator.aclose()
        assert not frames.live
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_newer_token_is_told_on_the_connection_that_stands_and_in_the_next_hello() -> None:
    told, hellos = [], []

    async def script(socket: ServerConnection, hello: dict[str, Any], number: int) -> None:
        hellos.append(hello["access"])
        await socket.send(json.dumps(WELCOME))
        if number == 1:
            told.append(json.loads(await socket.recv()))
        await socket.close(1001)

    async with gateway(script) as address:
        frames = stream(address, token="old")  # noqa: S106
        found = 0
        async with asyncio.timeout(30):
            async for _ in frames:
                found += 1
                if found == 1:
                    await frames.refresh("new")
                if found == 2:
                    break
    assert (told, hellos) == ([{"type": "refresh", "access": "new"}], ["old", "new"])
