"""Uploads that come together share one quota, and a body that comes too slowly is not waited for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from query_api.http import guard
from query_api.http.server import Protocol, Server
from query_api.uploads.room import NoRoomError, Room
from tests.unit.read_kit import Api
from tests.unit.test_http_uploads import picture, send

NOISE = 700_000
pytestmark = pytest.mark.timeout(60)


def large(shade: int) -> bytes:
    """A picture of which one fits into a quota of 1 MB, and two do not: what follows a JPEG's end is not looked at."""
    return picture(size=(64, 48 + shade)) + bytes(NOISE)


async def test_of_uploads_at_once_only_those_are_kept_that_fit_together(tmp_path: Path) -> None:
    # given a quota of 1 MB
    api = Api(tmp_path, upload_mb=1, upload_quota_mb=1)

    # when five files come at once, each of which would fit alone
    answers = await asyncio.gather(*(send(api, large(number)) for number in range(5)))

    # then one is kept, and the others are told why not
    assert sorted(answer.status_code for answer in answers) == [201, 413, 413, 413, 413]
    refused = [answer for answer in answers if answer.status_code == 413]
    assert all(answer.json()["type"].endswith(":quota") for answer in refused)
    assert all(answer.headers["connection"] == "close" for answer in refused)
    used = (await api.get("/v1/uploads")).json()["used"]
    assert NOISE < used < 1_000_000


async def test_what_was_not_taken_holds_no_room(tmp_path: Path) -> None:
    api = Api(tmp_path, upload_mb=1, upload_quota_mb=1)

    assert (await send(api, b"no picture" * 70_000)).status_code == 415
    assert (await send(api, large(0))).status_code == 201


async def test_a_body_of_unknown_length_has_all_the_room_that_is_left(tmp_path: Path) -> None:
    api = Api(tmp_path, upload_mb=1, upload_quota_mb=1)

    async def unannounced(data: bytes) -> AsyncIterator[bytes]:
        yield data

    assert (await api.post("/v1/uploads", content=unannounced(large(0)))).status_code == 201
    over = await api.post("/v1/uploads", content=unannounced(large(1)))
    assert over.status_code == 413 and over.json()["type"].endswith(":quota")


def test_each_owner_has_room_of_their_own_and_what_was_held_is_free_again() -> None:
    room = Room()
    with room.held("anna", 60, 100) as held, room.held("bob", 100, 100):
        assert held == 60
        with pytest.raises(NoRoomError), room.held("anna", 41, 100):
            pass
        with room.held("anna", None, 100) as rest:
            assert rest == 40
    with room.held("anna", 100, 100):
        pass


@contextlib.asynccontextmanager
async def served(api: Api) -> AsyncIterator[int]:
    """A real server; its port."""
    assert api.parts.gateway
    server = Server(uvicorn.Config(api.app, http=Protocol, log_config=None), api.parts.gateway.drain)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        yield listening.getsockname()[1]
        server.stop()
        await asyncio.wait_for(serving, 10)


@pytest.mark.parametrize(("path", "kind"), [("/v1/uploads", "image/jpeg"), ("/v1/prompts", "application/json")])
async def test_a_body_that_trickles_is_refused_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    # given a server of little patience, and a client that tells a length and sends next to nothing of it
    monkeypatch.setattr(guard, "PATIENCE_S", 0.3)
    async with served(Api(tmp_path)) as port, asyncio.timeout(20):
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: 9000\r\n\r\n"

        # when it is answered, then it is told why, and the connection ends
        answer = await _trickled(port, head.encode(), picture()[:20])
    assert answer.startswith("HTTP/1.1 408 ")
    assert "connection: close" in answer.lower()
    assert "problem:too-slow" in answer and "The body came too slowly" in answer


async def test_a_body_that_keeps_coming_may_take_longer_than_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PATIENCE_S", 0.3)
    data = picture() + bytes(30_000)

    async def steady() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 4_000):
            yield data[start : start + 4_000]
            await asyncio.sleep(0.1)

    async with served(Api(tmp_path)) as port, httpx.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/v1/uploads", content=steady())

    assert answer.status_code == 201, answer.text


async def _trickled(port: int, head: bytes, body: bytes) -> str:
    """What a client is told that sends a body byte by byte. Its last bytes are not read, so it may end in a reset."""
    loop, answer = asyncio.get_running_loop(), b""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)
        await loop.sock_sendall(client, head)
        trickling = asyncio.create_task(_trickle(client, body))
        with contextlib.suppress(ConnectionResetError):
            while part := await loop.sock_recv(client, 65_536):
                answer += part
        trickling.cancel()
        await asyncio.wait([trickling])
    return answer.decode()


async def _trickle(client: socket.socket, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        for number in range(len(data)):
            await asyncio.get_running_loop().sock_sendall(client, data[number : number + 1])
            await asyncio.sleep(0.05)
