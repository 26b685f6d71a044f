"""Who is refused while they send hears why; who never ends is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from query_api.http import lingering
from tests.unit.test_http_upload_limits import Api, served

HEAD = b"POST /v1/prompts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/json\r\nContent-Length: 90000000\r\n\r\n"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    async with served(Api(tmp_path)) as port:
        yield port


@pytest.mark.parametrize(
    ("path", "kind", "status"), [("/v1/prompts", "application/json", 413), ("/v1/uploads", "text/html", 415)]
)
async def test_a_client_that_sends_far_too_much_hears_why_it_is_refused(
    port: int, path: str, kind: str, status: int
) -> None:
    # given more than the buffers of both sides hold, again and again: a reset overtakes most answers, not all
    async with httpx.AsyncClient() as client:
        for _ in range(5):
            answer = await client.post(
                f"http://127.0.0.1:{port}{path}", content=bytes(30_000_000), headers={"content-type": kind}
            )
            assert answer.status_code == status


@pytest.mark.parametrize(("limit", "pause_s"), [("LONGEST_S", 0.02), ("IDLE_S", 0.6)])
async def test_a_client_that_never_ends_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, port: int, limit: str, pause_s: float
) -> None:
    # given a client that is answered, and goes on sending without end; or that is silent for too long, and goes on
    monkeypatch.setattr(lingering, limit, 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + bytes(100_000))
    assert b" 413 " in await reader.readline()

    # when it sends, then sooner or later nobody is there
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(_sending(writer, pause_s), 10)
    writer.close()


async def test_a_server_that_is_told_to_stop_does_not_wait_for_what_is_dropped(tmp_path: Path) -> None:
    async with asyncio.timeout(lingering.IDLE_S - 1):
        async with served(Api(tmp_path)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + bytes(100_000))
            assert b" 413 " in await reader.readline()
        writer.close()


async def _sending(writer: asyncio.StreamWriter, pause_s: float) -> None:
    while True:
        writer.write(bytes(10_000))
        await writer.drain()
        await asyncio.sleep(pause_s)
