"""The client against a server of its own: what it sends, what it makes of the answers, and when it tries again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from swipestream_client import AwayError, ProblemError, Swipestream

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, **options: object) -> Swipestream:
    return Swipestream("http://api.test", viewer="ada", transport=httpx.MockTransport(handler), **options)  # type: ignore[arg-type]


async def test_a_prompt_is_sent_with_a_key_so_that_repeating_it_is_safe() -> None:
    seen: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(503 if len(seen) == 1 else 202, json={"video_id": "v"}, headers={"Retry-After": "0"})

    async with client(server, patience=5.0) as api:
        assert (await api.prompt("cats", flavor=None, archetype="list"))["video_id"] == "v"

    assert [json.loads(request.content) for request in seen] == [{"text": "cats", "archetype": "list"}] * 2
    assert len({request.headers["Idempotency-Key"] for request in seen}) == 1


async def test_without_patience_an_error_is_told_at_once() -> None:
    calls = []

    def server(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(503, json={"title": "Kafka is away"}, headers={"Retry-After": "2"})

    async with client(server) as api:
        with pytest.raises(ProblemError, match="Kafka is away") as caught:
            await api.flavors()
    assert len(calls) == 1 and caught.value.passing and caught.value.retry_s == 2


async def test_a_problem_names_the_fields_that_are_wrong() -> None:
    problem = {"detail": "The request is wrong.", "errors": [{"pointer": "/text", "detail": "too long"}]}
    async with client(lambda _: httpx.Response(422, json=problem), patience=5.0) as api:
        with pytest.raises(ProblemError, match=r"The request is wrong\. \(/text: too long\)") as caught:
            await api.prompt("cats")
    assert caught.value.status == 422 and not caught.value.passing


@pytest.mark.parametrize("body", [b"<html>", b"[]", b""])
async def test_an_error_that_is_no_problem_document_is_one_all_the_same(body: bytes) -> None:
    async with client(lambda _: httpx.Response(502, content=body)) as api:
        with pytest.raises(ProblemError, match="HTTP 502"):
            await api.flavors()


async def test_no_answer_is_told_with_the_address() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with client(away) as api:
        with pytest.raises(AwayError, match=r"http://api\.test does not answer \(ConnectError\)"):
            await api.feed()


async def test_swipes_without_ids_are_never_sent_twice() -> None:
    calls = []

    def server(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(503)

    async with client(server, patience=5.0) as api:
        with pytest.raises(ProblemError):
            await api.swipe([{"video_id": "v", "action": "skipped"}])
    assert len(calls) == 1


async def test_browsing_goes_on_until_the_feed_ends() -> None:
    pages = {None: {"items": [{"video_id": "a"}], "cursor": "1"}, "1": {"items": [{"video_id": "b"}], "cursor": "2"}}

    def server(request: httpx.Request) -> httpx.Response:
        assert request.url.params["viewer"] == "ada"
        return httpx.Response(200, json=pages.get(request.url.params.get("cursor"), {"items": []}))

    async with client(server) as api:
        assert [card["video_id"] async for card in api.browse(1)] == ["a", "b"]


async def test_a_download_is_there_whole(tmp_path: Path) -> None:
    async with client(lambda _: httpx.Response(200, content=b"x" * 300_000)) as api:
        assert await api.download("/media/a.mp4", tmp_path / "a.mp4") == 300_000
    assert (tmp_path / "a.mp4").stat().st_size == 300_000


async def test_a_download_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    class Broken(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            yield b"half"
            raise httpx.ReadError("cut")

    async with client(lambda _: httpx.Response(200, stream=Broken())) as api:
        with pytest.raises(AwayError):
            await api.download("/media/b.mp4", tmp_path / "b.mp4")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("base", "said", "wanted"),
    [
        ("http://192.0.2.7:8000", "ws://127.0.0.1:8001/", "ws://192.0.2.7:8001/"),
        ("https://feed.example", "ws://10.0.0.1:8001/", "wss://feed.example:8001/"),
        ("http://[::1]:8000", "ws://127.0.0.1:8001/", "ws://[::1]:8001/"),
    ],
)
async def test_the_gateway_is_reached_by_the_name_of_the_api(base: str, said: str, wanted: str) -> None:
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json={"gateway": said}))
    async with Swipestream(base, transport=answer) as api:
        assert await api.gateway() == wanted
