"""Server-sent events over the same hub, from a real server over real sockets: what the gateway promises holds here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from infra.auth.keys import root_key
from infra.auth.tokens import TokenIssuer
from query_api.gateway import Gateway, Hub, Limits, metrics
from query_api.gateway.frames import Message, beat, encode, join, stamped
from query_api.gateway.requests import Hello
from query_api.http import guard
from query_api.http.server import Protocol, Server
from query_api.identity.principal import Principal
from tests.unit.gateway_kit import VIEWER, accepted, batch, published, received, rendering, unpack, vid
from tests.unit.read_kit import Api

pytestmark = pytest.mark.timeout(300)

QUICK = Limits(tick_s=0.005, drain_s=0.05, evict_s=0.3, ahead_s=0.05)
#: Far more than anything here takes.
PATIENCE_S = 30.0


@dataclass
class Site:
    """A server with its hub."""

    api: Api
    gateway: Gateway
    server: Server
    offset: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        number: int = self.server.servers[0].sockets[0].getsockname()[1]
        return number

    def tell(self, *events: Any) -> None:
        """These reach the log."""
        records = [received(event, self.offset + number) for number, event in enumerate(events)]
        self.offset += len(events)
        self.gateway.hub.take(batch(records, {0: self.offset}))

    async def members(self, count: int) -> None:
        """Returns when so many clients are here."""
        await until(lambda: len(self.gateway.hub.members) == count)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)


Start = Callable[..., Awaitable[Site]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    async with contextlib.AsyncExitStack() as stack:

        async def begin(limits: Limits = QUICK, **settings: Any) -> Site:
            hub = Hub(limits=limits)
            hub.take(batch(positions={0: 0}))
            running = asyncio.create_task(hub.run())
            stack.callback(running.cancel)
            api = Api(tmp_path, **settings)
            api.parts.gateway = gateway = Gateway(hub)
            config = uvicorn.Config(api.app, port=0, http=Protocol, log_config=None, timeout_graceful_shutdown=10)
            server = Server(config, gateway.drain)
            serving = asyncio.create_task(server.serve())

            async def stop() -> None:
                server.stop()
                await asyncio.wait_for(serving, PATIENCE_S)

            stack.push_async_callback(stop)
            await until(lambda: server.started)
            return Site(api, gateway, server)

        yield begin


@dataclass
class Reader:
    """Reads a stream as a browser does."""

    lines: AsyncIterator[str]
    answer: httpx.Response
    last_id: str = ""
    comments: int = 0
    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """What came, without beats, which come when they come."""
        return [frame["type"] for frame in self.frames if frame["type"] != "beat"]

    async def until(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Every frame of a kind, once there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [frame for frame in self.frames if frame["type"] == kind]) < count:
                await self.line()
        return found

    async def line(self) -> None:
        line = await anext(self.lines)
        if line.startswith(":"):
            self.comments += 1
        name, _, value = line.partition(": ")
        if name == "id":
            self.last_id = value
        if name == "data":
            self.frames += unpack(value)


@contextlib.asynccontextmanager
async def reading(site: Site, query: str = f"viewer={VIEWER}", **headers: str) -> AsyncIterator[Reader]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
        client.stream("GET", f"{site.url}/v1/live?{query}", headers=named) as answer,
    ):
        yield Reader(answer.aiter_lines(), answer)


async def test_frames_come_in_order_and_the_newest_token_is_the_id(start: Start) -> None:
    site = await start()
    async with reading(site) as reader:
        assert reader.answer.headers["content-type"].startswith("text/event-stream")
        (welcome,) = await reader.until("welcome")
        assert reader.last_id == welcome["token"]
        site.tell(accepted(1), published(1, viewer=VIEWER), published(2))
        videos = await reader.until("video", 2)
        assert reader.kinds == ["welcome", "accepted", "video", "video"]
        assert [frame["audience"] for frame in videos] == ["you", "everyone"]
        assert reader.last_id in (videos[-1]["token"], reader.frames[-1]["token"])
    await site.members(0)


async def test_who_comes_back_with_the_last_id_gets_what_was_missed_once_and_in_order(start: Start) -> None:
    site = await start()
    seen: list[str] = []
    last = ""
    # given a client that goes away after every few frames, while more come
    for number in range(0, 40, 4):
        headers = {"Last_Event_ID": last} if last else {}
        async with reading(site, **headers) as reader:
            await reader.until("welcome")
            assert not [frame for frame in reader.frames if frame["type"] == "resync"]
            site.tell(published(number), published(number + 1))
            videos = await reader.until("video", 2 if number == 0 else 4)
            seen += [frame["video_id"] for frame in videos]
            last = reader.last_id
        site.tell(published(number + 2), published(number + 3))
    # then there is no gap, and nothing came twice
    assert seen == [vid(number) for number in range(38)]


async def test_a_token_that_leads_nowhere_is_one_resync_with_a_token_to_go_on_with(start: Start) -> None:
    site = await start(Limits(tick_s=0.005, evict_s=0.3, drain_s=0.05, ahead_s=0.05, ring=3))
    async with reading(site) as reader:
        await reader.until("welcome")
        old = reader.last_id
    site.tell(*[published(number) for number in range(9)])
    async with reading(site, f"viewer={VIEWER}&resume={old}") as reader:
        (again,) = await reader.until("resync")
        assert again["reason"] == "expired" and not reader.frames[0]["resumed"]
        site.tell(published(10))
        assert [frame["video_id"] for frame in await reader.until("video")] == [vid(10)]
    async with reading(site, Last_Event_ID="made-up") as reader:
        assert (await reader.until("resync"))[0]["reason"] == "token"


async def test_progress_is_told_of_the_videos_that_are_named_and_moves_no_id(start: Start) -> None:
    site = await start()
    async with reading(site, f"viewer={VIEWER}&video={vid(1)}") as reader:
        await reader.until("welcome")
        site.tell(accepted(1))
        await reader.until("accepted")
        last = reader.last_id
        site.gateway.hub.take(batch([received(rendering(1, 0.5), 0)], {0: site.offset}))
        moved = await reader.until("progress", 2)
        assert moved[-1]["fraction"] > moved[0]["fraction"]
        assert reader.last_id == last


async def test_in_silence_there_are_comments_and_beats(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    # also where bodies are waited for no longer than that
    monkeypatch.setattr(guard, "PATIENCE_S", 0.1)
    site = await start(Limits(tick_s=0.005, evict_s=0.3, drain_s=0.05, ping_s=0.05, beat_s=0.5))
    async with reading(site) as reader:
        await reader.until("beat")
        async with asyncio.timeout(PATIENCE_S):
            while not reader.comments:
                await reader.line()


class Silent:
    """Asks for a stream and reads nothing of it."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(b"GET /v1/live?viewer=silent HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")

    def close(self) -> None:
        self._socket.close()


async def test_who_reads_nothing_is_cut_off_with_little_held_and_holds_up_nobody(start: Start) -> None:
    site = await start(Limits(tick_s=0.005, evict_s=0.3, drain_s=0.05, buffered=65_536))
    evicted = metrics.CLOSED.labels(code="4008")._value.get()
    async with reading(site) as reader:
        await reader.until("welcome")
        silent = Silent(site.port)
        await site.members(2)
        sink = next(one.sink for one in site.gateway.hub.members if one.viewer_id == "silent")
        most = number = 0
        while metrics.CLOSED.labels(code="4008")._value.get() == evicted:
            assert number < 20_000, "never sent away"
            site.tell(*[published(number + one) for one in range(20)])
            number += 20
            await reader.until("video", number)
            most = max(most, sink.buffered)
        assert most < 65_536 + 40_000
        # it is gone without having read anything, while the other one goes on
        await site.members(1)
        await until(lambda: len(site.server.server_state.connections) == 1)
        site.tell(published(number))
        await reader.until("video", number + 1)
        silent.close()


async def test_who_goes_away_leaves_nothing_behind(start: Start) -> None:
    site = await start()
    for _ in range(20):
        async with reading(site) as reader:
            await reader.until("welcome")
    await site.members(0)
    assert not site.gateway._sinks


async def test_at_shutdown_streams_end_with_a_word_and_in_time_and_nobody_new_comes_in(start: Start) -> None:
    site = await start()
    async with reading(site) as reader:
        await reader.until("welcome")
        await site.gateway.drain()
        assert (await reader.until("close"))[0]["code"] == 1001
        answer = await site.api.get("/v1/live?viewer=anna")
        assert answer.status_code == 503 and answer.headers["retry-after"]
    await site.members(0)


async def test_the_limits_and_the_origin_are_those_of_the_socket(start: Start) -> None:
    site = await start(Limits(connections=3, connections_per_viewer=1, ahead_s=0.05, evict_s=0.3, drain_s=0.05))
    async with reading(site, "viewer=a") as first, reading(site, "viewer=b") as second:
        await first.until("welcome")
        await second.until("welcome")
        async with httpx.AsyncClient(base_url=site.url) as client:
            again = await client.get("/v1/live?viewer=a")
            assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (429, "too-many-connections")
            foreign = await client.get("/v1/live?viewer=c", headers={"Origin": "https://elsewhere.example"})
            assert foreign.status_code == 403
            async with reading(site, "viewer=c") as third:
                await third.until("welcome")
                full = await client.get("/v1/live?viewer=d")
                assert full.status_code == 503 and full.headers["retry-after"]
            many = "&".join(f"video={vid(number)}" for number in range(33))
            assert (await client.get(f"/v1/live?viewer=a&{many}")).status_code == 422
            assert (await client.get("/v1/live")).status_code == 422


async def test_a_token_says_who_it_is_and_the_stream_ends_with_it(start: Start) -> None:
    site = await start(auth="required")
    issuer = TokenIssuer(root_key(site.api.parts.settings))
    async with httpx.AsyncClient(base_url=site.url) as client:
        assert (await client.get("/v1/live?viewer=anna")).status_code == 401
        stranger = {"Authorization": f"Bearer {issuer.issue('bob', ['viewer'], 60)}"}
        assert (await client.get("/v1/live?viewer=anna", headers=stranger)).status_code == 403
    # what comes to be is told to the one who asked alone
    async with (
        reading(site, "", Authorization=f"Bearer {issuer.issue(VIEWER, ['viewer'], 60)}") as owner,
        reading(site, f"video={vid(1)}", Authorization=f"Bearer {issuer.issue('bob', ['viewer'], 60)}") as other,
    ):
        await owner.until("welcome")
        await other.until("welcome")
        site.tell(accepted(1), published(2))
        await owner.until("video")
        await other.until("video")
        assert owner.kinds == ["welcome", "accepted", "video"]
        assert other.kinds == ["welcome", "video"]
    # and a stream ends when its token does
    brief = await site.gateway.stream(Hello(type="hello"), Principal(VIEWER, expires=time.time()))
    told = b"".join([event async for event in brief.events()])
    assert b'"type":"welcome"' in told and b'"code":4006' in told
    brief.leave()


def test_the_id_of_an_event_is_the_newest_token_whatever_the_texts_say() -> None:
    moved = encode("progress", title='say "token":"x" aloud', video_id=vid(1))
    told = Message(join([stamped(beat(None, True), "one"), stamped(beat(None, True), "two"), moved])).event
    assert told.startswith(b"id: two\ndata: [") and told.endswith(b"]\n\n") and told.count(b"\n") == 3
    assert Message(moved).event.startswith(b"data: {")
    assert json.loads(Message(moved).event[6:])["title"] == 'say "token":"x" aloud'
