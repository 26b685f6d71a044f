"""The two processes of the read side, started as they are in production, on a real Kafka and Cassandra."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from websockets.sync.client import connect

from infra.kafka.admin import apply_topics
from infra.kafka.groups import commit
from infra.kafka.producer import EventProducer
from infra.people import cassandra as people
from infra.people.keys import address
from infra.settings import Settings
from infra.stack import Stack
from infra.stack.ports import free_port
from infra.storage.blobs import LocalBlobStore
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.quality import DistanceMeasured, Group
from schemas.works import Outlier
from tests.integration.cassandra_kit import begin_at, keyspace, positions_now
from tests.unit.read_kit import life, published


class Site:
    """Where the API of these tests answers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.http = httpx.Client(base_url=settings.api_url, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def environment(self) -> dict[str, str]:
        told = {
            "KAFKA": self.settings.kafka,
            "CASSANDRA": self.settings.cassandra,
            "KEYSPACE": self.settings.keyspace,
            "DATA_DIR": str(self.settings.data_dir),
            "API_PORT": str(self.settings.api_port),
            "GATEWAY_PORT": str(self.settings.gateway_port),
        }
        return {**os.environ, **{f"SWIPESTREAM_{name}": value for name, value in told.items()}}

    @contextlib.contextmanager
    def running(self, part: str) -> Iterator[subprocess.Popen[bytes]]:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.settings.data_dir / f"{part}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "query_api", part], env=self.environment(), stderr=log, stdout=log
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextlib.contextmanager
    def projecting(self) -> Iterator[None]:
        """The projector, from now on."""
        now = positions_now(self.settings)
        begin_at(self.settings, "projector", now)
        commit(self.settings.kafka, "projector", now)
        with self.running("projector"):
            yield

    def known_as(self, viewer: str) -> str:
        """A viewer's id in events and rows."""
        assert self.http.get("/v1/feed", params={"viewer": viewer}).is_success
        held = people.find(self.settings, address(viewer))
        assert held is not None
        return held.key.pseudonym

    def eventually(self, path: str, good: Callable[[httpx.Response], bool], timeout: float = 90) -> httpx.Response:
        deadline, told = time.monotonic() + timeout, "no answer"
        while True:
            try:
                answer = self.http.get(path)
                told = f"{answer.status_code} {answer.text}"
                if good(answer):
                    return answer
            except httpx.TransportError as error:
                told = repr(error)
            if time.monotonic() > deadline:
                raise AssertionError(f"{path}: {told}")
            time.sleep(0.05)


def parts(answer: httpx.Response) -> dict[str, bool]:
    """Which parts answer, by name."""
    return {part["name"]: part["ok"] for part in answer.json()["parts"]}


@pytest.fixture(scope="module")
def site(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    apply_topics(stack.kafka)
    ports: dict[str, Any] = {"api_port": free_port(), "gateway_port": free_port()}
    with (
        keyspace(stack, data_dir=tmp_path_factory.mktemp("site"), **ports) as settings,
        Site(settings) as site,
        site.running("serve"),
        site.projecting(),
    ):
        site.eventually("/readyz", lambda answer: answer.status_code == 200)
        yield site


def test_a_prompt_goes_through_the_log_into_the_tables_and_back(site: Site) -> None:
    # given a prompt with a key
    headers = {"Idempotency-Key": "once"}
    first = site.http.post("/v1/prompts", json={"text": "Why do cats purr?", "viewer_id": "anna"}, headers=headers)
    assert first.status_code == 202
    video = first.json()["video_id"]
    # when the projector has seen it
    found = site.eventually(f"{first.headers['location']}/events", lambda answer: bool(answer.json()["events"]))
    # then the log holds it once, and sending it again changes nothing
    (event,) = found.json()["events"]
    assert event["type"] == "PromptSubmitted" and event["record"].startswith("prompts/")
    again = site.http.post("/v1/prompts", json={"text": "Why do cats purr?", "viewer_id": "anna"}, headers=headers)
    assert again.json()["video_id"] == video
    other = site.http.post("/v1/prompts", json={"text": "And dogs?", "viewer_id": "anna"}, headers=headers)
    assert other.status_code == 422
    assert len(site.http.get(f"/v1/videos/{video}/events").json()["events"]) == 1


def test_a_published_video_comes_into_feeds_and_leaves_them_when_swiped(site: Site) -> None:
    # given videos, one of them made for anna
    mine, others = ids.video_id(f"mine-{now_us()}"), [ids.video_id(f"{n}-{now_us()}") for n in range(7)]
    producer = EventProducer(site.settings.kafka, "test")
    producer.publish_all((event, None) for video in others for event in life(video, now_us()))
    producer.publish_all([(published(mine, now_us(), viewer_id=site.known_as("berta"), subject="sea"), None)])
    producer.close()
    site.eventually(f"/v1/videos/{mine}", lambda answer: answer.status_code == 200)
    site.eventually(f"/v1/videos/{others[-1]}", lambda answer: answer.json().get("status") == "published")
    time.sleep(0.6)  # the window of newest videos is read twice a second
    site.http.get("/v1/feed", params={"viewer": "somebody"})
    # when berta walks
    time.sleep(0.2)
    page = site.http.get("/v1/feed", params={"viewer": "berta", "limit": 5}).json()
    more = site.http.get("/v1/feed", params={"viewer": "berta", "cursor": page["cursor"]}).json()
    # then hers comes first, and nothing comes twice
    assert page["items"][0]["video_id"] == mine and page["items"][0]["reason"] == "made_for_you"
    shown = [item["video_id"] for item in (*page["items"], *more["items"])]
    assert len(set(shown)) == len(shown) >= 8 and len(page["items"]) == 5
    # and what she swiped is gone for good
    swipe = {"video_id": mine, "action": "watched", "watched_ms": 16_000, "duration_ms": 16_000, "swipe_id": "s"}
    assert site.http.post("/v1/swipes", json={"viewer_id": "berta", "swipes": [swipe]}).status_code == 202
    anew = site.http.get("/v1/feed", params={"viewer": "berta", "limit": 50}).json()
    assert mine not in [item["video_id"] for item in anew["items"]]


def test_a_large_body_is_refused_on_the_wire_before_it_is_sent(site: Site) -> None:
    started = time.monotonic()
    with socket.create_connection((site.settings.host, site.settings.api_port), 5) as wire:
        wire.sendall(
            b"POST /v1/prompts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 50000000\r\n\r\n{"
        )
        assert wire.recv(4096).startswith(b"HTTP/1.1 413")
    assert time.monotonic() - started < 1


def test_media_is_served_in_ranges(site: Site) -> None:
    artifact = LocalBlobStore(site.settings.media_dir).put_bytes(bytes(range(256)) * 1000, "mp4")
    answer = site.http.get(f"/media/{artifact.name}", headers={"Range": "bytes=256-511"})
    assert answer.status_code == 206 and answer.content == bytes(range(256))
    assert answer.headers["etag"] == f'"{artifact.name}"' and "immutable" in answer.headers["cache-control"]


def test_the_gateway_runs_beside_the_api_and_the_page_knows_where(site: Site) -> None:
    address = site.http.get("/config.json").json()["gateway"]
    with connect(address, open_timeout=30) as client:
        client.send('{"type": "hello", "viewer_id": "anna"}')
        assert '"welcome"' in str(client.recv(5))


def test_metrics_tell_the_lag_and_the_time_of_feeds(site: Site) -> None:
    site.http.get("/v1/feed", params={"viewer": "anna"})
    site.http.get("/readyz")
    text = site.http.get("/metrics").text
    assert 'swipestream_projection_lag_records{topic="prompts"}' in text
    assert 'swipestream_http_request_seconds_bucket{le="0.01",method="GET",path="/v1/feed"}' in text


def test_sigterm_ends_within_five_seconds_and_delivers_what_was_taken_in(site: Site) -> None:
    ports = {"api_port": free_port(), "gateway_port": free_port()}
    with Site(site.settings.model_copy(update=ports)) as own, own.running("serve") as server:
        own.eventually("/readyz", lambda answer: answer.status_code == 200)
        with connect(own.settings.gateway_url, open_timeout=30) as client:
            client.send('{"type": "hello", "viewer_id": "anna"}')
            client.recv(5)
            videos = [own.http.post("/v1/prompts", json={"text": f"Prompt {n}"}).json()["video_id"] for n in range(5)]
            started = time.monotonic()
            server.send_signal(signal.SIGTERM)
            assert server.wait(8) == 0
            assert time.monotonic() - started < 5
    for video in videos:
        site.eventually(f"/v1/videos/{video}/events", lambda answer: answer.status_code == 200)


def test_without_cassandra_the_server_starts_and_says_what_is_missing(stack: Stack, tmp_path: Path) -> None:
    away = Settings(
        kafka=stack.kafka, cassandra="127.0.0.1:9", keyspace="none", data_dir=tmp_path,
        api_port=free_port(), gateway_port=free_port(),
    )  # fmt: skip
    with Site(away) as site, site.running("serve"):
        site.eventually("/healthz", lambda answer: answer.status_code == 200)
        for path in ("/v1/feed?viewer=anna", f"/v1/videos/{ids.video_id('x')}"):
            started = time.monotonic()
            answer = site.http.get(path)
            assert answer.status_code == 503 and answer.headers["retry-after"]
            assert time.monotonic() - started < 1.5
        site.eventually(
            "/readyz",
            lambda answer: parts(answer).items() >= {"kafka": True, "cassandra": False, "projector": False}.items(),
        )


def test_without_kafka_the_server_starts_and_says_what_is_missing(site: Site, tmp_path: Path) -> None:
    more = {"kafka": "127.0.0.1:9", "data_dir": tmp_path, "api_port": free_port(), "gateway_port": free_port()}
    with Site(site.settings.model_copy(update=more)) as own, own.running("serve"):
        own.eventually("/healthz", lambda answer: answer.status_code == 200)
        own.eventually("/v1/feed?viewer=carl", lambda answer: answer.status_code == 200)
        started = time.monotonic()
        answer = own.http.post("/v1/prompts", json={"text": "x"})
        assert answer.status_code == 503 and answer.headers["retry-after"]
        assert time.monotonic() - started < 1.5
        own.eventually(
            "/readyz",
            lambda answer: parts(answer).items() >= {"kafka": False, "cassandra": True, "projector": False}.items(),
        )


def test_a_distance_that_was_measured_is_told_to_prometheus(site: Site) -> None:
    # given a model whose clips are far off, by a name that no other test has
    name = f"model-{ids.fresh()}"
    odd = Outlier(figure="fvd", value=400.0, typical=100.0, deviations=17.0)
    measured = DistanceMeasured(
        group=Group.MODEL, name=name, ts_us=now_us(), distance=400.0, clips=500, reference="a" * 64,
        reference_name="usual", reference_clips=900, network="b" * 64, seen=5, outlier=odd,
    )  # fmt: skip
    producer = EventProducer(site.settings.kafka_address, "test")
    # when
    producer.publish_all([(root(measured, source="/test"), None)])
    producer.close()
    # then
    told = f'{{group="model",name="{name}",reference="usual aaaaaaaa"}}'
    page = site.eventually("/metrics", lambda answer: told in answer.text).text
    assert f"swipestream_clip_distance{told} 400.0" in page and f"swipestream_clip_distance_far_off{told} 1.0" in page
