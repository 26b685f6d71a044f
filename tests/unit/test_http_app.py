"""What every address has in common: problems, headers, limits, health, metrics, the page, the document."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from infra.settings import Settings
from query_api.http import page
from query_api.http.answers import PartAnswer
from query_api.http.guard import LIMIT
from query_api.http.page import FOLDER
from query_api.serve import listening
from tests.unit.read_kit import Api


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("POST", "/v1/nothing", 404),
        ("GET", "/v1/prompts", 405),
        ("DELETE", "/v1/feed", 405),
        ("PUT", "/", 405),
        ("GET", "/no-such-file.js", 404),
        ("GET", "/v1/", 404),
        ("GET", "/media/", 404),
        ("GET", "/%00", 404),
        ("GET", "/" + "a" * 3000, 404),
        ("GET", "/../pyproject.toml", 404),
        ("GET", "/%2e%2e/%2e%2e/pyproject.toml", 404),
    ],
)
async def test_every_error_is_a_problem_document(api: Api, method: str, path: str, status: int) -> None:
    answer = await api.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_an_error_of_ours_is_a_problem_that_tells_nothing(api: Api) -> None:
    async def broken(*_: object) -> object:
        raise RuntimeError("the password is 1234")

    api.store.fetch = broken  # type: ignore[method-assign, assignment]
    answer = await api.get("/v1/videos/6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11")
    assert answer.status_code == 500 and "1234" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_large_body_is_refused_by_what_it_says_of_itself(api: Api) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b"x" * 50_000

    told = {"Content-Length": "50000000", "Content-Type": "application/json"}
    answer = await api.post("/v1/prompts", content=body(), headers=told)
    assert answer.status_code == 413 and read <= 1 and not api.publisher.sent


async def test_a_large_body_that_says_nothing_is_refused_where_the_limit_is(api: Api) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b"x" * 20_000

    answer = await api.post("/v1/prompts", content=body(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413 and answer.headers["content-type"] == "application/problem+json"
    assert read <= LIMIT // 20_000 + 2 and not api.publisher.sent


async def test_every_answer_carries_the_security_headers(api: Api) -> None:
    for path in ("/", "/v1/nothing", "/healthz", "/media/x"):
        headers = (await api.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "default-src 'self'" in headers["content-security-policy"]


async def test_healthz_answers_whatever_the_parts_do(api: Api) -> None:
    api.store.down = api.publisher.down = True
    assert (await api.get("/healthz")).status_code == 200


async def test_readyz_names_each_part(api: Api) -> None:
    ready = await api.get("/readyz")
    assert ready.status_code == 200 and ready.json()["parts"][0]["name"] == "kafka"
    # A part without which requests are served is told, no more
    api.health.found.append(PartAnswer(name="scene-worker", ok=False, detail="nobody is at work", needed=False))
    assert (await api.get("/readyz")).status_code == 200
    api.health.found[1] = PartAnswer(name="cassandra", ok=False, detail="does not answer")
    answer = await api.get("/readyz")
    assert answer.status_code == 503 and answer.headers["retry-after"]
    assert [part["name"] for part in answer.json()["parts"] if not part["ok"]] == ["cassandra"]


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For"])
async def test_who_comes_through_a_proxy_gets_no_metrics(api: Api, header: str) -> None:
    answer = await api.get("/metrics", headers={header: "for=203.0.113.9"})

    assert answer.status_code == 404 and answer.json()["type"].endswith(":not-found")
    assert "swipestream_" not in answer.text


async def test_metrics_count_requests_by_their_pattern(api: Api) -> None:
    await api.get("/v1/videos/6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11")
    text = (await api.get("/metrics")).text
    assert 'swipestream_http_requests_total{method="GET",path="/v1/videos/{video_id}",status="404"}' in text
    assert "6f0c5f3e" not in text


async def test_flavors_are_listed(api: Api) -> None:
    names = [flavor["name"] for flavor in (await api.get("/v1/flavors")).json()["flavors"]]
    assert "default" in names


async def test_the_page_learns_where_the_gateway_is(tmp_path: Path) -> None:
    api = Api(tmp_path, auth="open")
    answer = await api.get("/config.json", headers={"Host": "box.local:8000"})
    assert answer.json() == {"gateway": "ws://box.local:8001/"}
    answer = await api.get("/config.json", headers={"Host": "[::1]:8000"})
    assert answer.json() == {"gateway": "ws://[::1]:8001/"}


async def test_behind_a_proxy_the_page_is_told_the_gateways_public_address(tmp_path: Path) -> None:
    api = Api(tmp_path, auth="open", public_gateway="wss://videos.example.org/v1/socket")
    answer = await api.get("/config.json", headers={"Host": "10.0.0.7:8000"})
    assert answer.json() == {"gateway": "wss://videos.example.org/v1/socket"}


@pytest.mark.parametrize(
    ("peer", "seen"), [("10.1.2.3", ("https", "203.0.113.9")), ("198.51.100.1", ("http", "198.51.100.1"))]
)
async def test_who_asks_is_believed_of_the_proxies_that_are_named(
    tmp_path: Path, peer: str, seen: tuple[str, str]
) -> None:
    # given an app that says who it thinks has asked
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.append((scope["scheme"], scope["client"][0]))

    told: list[tuple[str, str]] = []
    config = listening(Settings(data_dir=tmp_path, proxies="127.0.0.1, 10.0.0.0/8"), app)
    config.load()
    # when somebody says that they only pass on what another asks
    headers = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "scheme": "http", "client": (peer, 1), "headers": headers}
    await config.loaded_app(scope, None, None)  # type: ignore[arg-type]
    # then that counts where they are one of those
    assert told == [seen]


async def test_the_page_is_revalidated_on_each_use(api: Api, tmp_path: Path) -> None:
    # given a page
    folder = tmp_path / "web"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<p>here</p>")
    (folder / "js" / "app.js").write_text("1")
    app = FastAPI()
    page.install(app, folder)
    app.state.parts = api.parts
    api.client._transport.app = app  # type: ignore[attr-defined]
    # then it is served, with an ETag that saves the second transfer
    first = await api.get("/")
    assert first.text == "<p>here</p>" and first.headers["cache-control"] == "no-cache"
    again = await api.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    script = await api.get("/js/app.js")
    assert script.text == "1" and "javascript" in script.headers["content-type"]


async def test_the_document_describes_every_answer(api: Api) -> None:
    document = (await api.get("/openapi.json")).json()
    assert {"/v1/prompts", "/v1/feed", "/v1/swipes", "/v1/videos/{video_id}", "/media/{name}"} <= set(document["paths"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert "application/problem+json" in response["content"], (path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["PromptBody"]["examples"]


async def test_the_page_is_packed_for_who_takes_that_and_is_not_sent_again_while_it_is_the_same(api: Api) -> None:
    packed = await api.get("/main.js", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    plain = await api.get("/main.js", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert "content-encoding" not in plain.headers and plain.headers["vary"] == "Accept-Encoding"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    for answer in (packed, plain):
        again = await api.get("/main.js", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_the_page_names_every_module_that_it_loads_so_that_they_come_at_once() -> None:
    found, todo = {"main.js"}, ["main.js"]
    while todo:
        name = todo.pop()
        for told in re.findall(r'^(?:import|export) (?:.*? from )?"(\.[^"]+)"', (FOLDER / name).read_text(), re.M):
            path = os.path.normpath(Path(name).parent / told)
            todo += [path] if path not in found else []
            found.add(path)
    named = re.findall(r'rel="modulepreload" href="([^"]+)"', (FOLDER / "index.html").read_text())
    assert sorted(named) == sorted(found)


@pytest.mark.parametrize(
    "path",
    ["/v1/history?viewer=anna", "/v1/uploads", "/v1/projects", "/v1/nothing", f"/media/{'0' * 64}.mp4", "/config.json"],
)
async def test_what_is_somebodys_or_not_there_yet_is_in_no_cache(api: Api, path: str) -> None:
    assert (await api.get(path)).headers["cache-control"] == "no-store"
