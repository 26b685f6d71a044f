"""From a prompt to a playing video, on the real stack: file, feed, push, trace; bad records; a killed worker."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from websockets.sync.client import ClientConnection, connect

from infra.kafka.producer import EventProducer
from infra.supervisor.private import PrivateSystem
from schemas import ids
from schemas.topics import TOPICS
from tests.acceptance.waiting import until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def api(system: PrivateSystem) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=system.api_url, timeout=10) as client:
        yield client


def answered(answer: httpx.Response) -> httpx.Response | None:
    """None where it is to be tried again."""
    return None if answer.status_code == 503 else answer


def submit(api: httpx.Client, text: str, **more: Any) -> str:
    """As a good client does it: a 503 is tried again, under the same idempotency key."""
    key = {"Idempotency-Key": ids.fresh()}

    body = {"text": text, "target_seconds": 15, **more}
    answer = until(lambda: answered(api.post("/v1/prompts", json=body, headers=key)), 30)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["video_id"])


def published(api: httpx.Client, video_id: str, timeout: float = 150) -> dict[str, Any]:
    def ask() -> dict[str, Any] | None:
        answer = api.get(f"/v1/videos/{video_id}")
        if answer.status_code != 200:
            return None
        video: dict[str, Any] = answer.json()
        assert video["status"] not in ("failed", "rejected"), video
        return video if video["status"] == "published" else None

    return until(ask, timeout)


def frames(socket: ClientConnection) -> list[dict[str, Any]]:
    found = json.loads(socket.recv(timeout=60))
    return found if isinstance(found, list) else [found]


def test_a_prompt_becomes_a_video_in_the_feed_and_is_pushed(
    system: PrivateSystem, api: httpx.Client, tmp_path: Path
) -> None:
    # Given a client that listens
    with connect(system.gateway_url, compression=None) as socket:
        socket.send(json.dumps({"type": "hello", "viewer_id": "acceptance"}))
        # When it asks for a video
        video_id = submit(api, "Why do cats purr?")
        socket.send(json.dumps({"type": "watch", "video_id": video_id}))
        seen: list[dict[str, Any]] = []
        deadline = time.monotonic() + 150
        while not any(f["type"] == "video" and f["card"]["video_id"] == video_id for f in seen):
            assert time.monotonic() < deadline, seen[-3:]
            seen += frames(socket)
    # Then the video was pushed, with progress before it that never claimed to be done
    progress = [frame["fraction"] for frame in seen if frame["type"] == "progress"]
    assert progress and all(0 <= fraction <= 1 for fraction in progress)
    # And it is what the API says
    video = published(api, video_id)
    card = next(f["card"] for f in seen if f["type"] == "video" and f["card"]["video_id"] == video_id)
    assert video["card"]["media"] == card["media"]
    # And it is in the feed
    feed = until(
        lambda: [i for i in api.get("/v1/feed?viewer=a1&limit=10").json()["items"] if i["video_id"] == video_id]
    )
    assert feed[0]["media"] == card["media"]
    # And the file is what was promised
    path = tmp_path / "video.mp4"
    path.write_bytes(api.get(card["media"]["video"]).content)
    check_file(path, card)


def check_file(path: Path, card: dict[str, Any]) -> None:
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "faststart"
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec.name, video.profile) == ("h264", "High")
        assert (video.width, video.height, video.average_rate) == (1080, 1920, 30)
        assert (audio.codec.name, audio.sample_rate) == ("aac", 48_000)
        frames = sum(1 for _ in container.decode(video))
    assert 15 <= frames / 30 <= 60
    assert abs(frames / 30 * 1000 - card["duration_ms"]) < 40


def test_media_answers_ranges_and_is_immutable(system: PrivateSystem, api: httpx.Client) -> None:
    card = until(lambda: api.get("/v1/feed?viewer=a2").json()["items"])[0]
    part = api.get(card["media"]["video"], headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert part.headers["content-range"] == f"bytes 0-99/{card['media']['size']}"
    assert "immutable" in part.headers["cache-control"]
    again = api.get(card["media"]["cover"])
    unchanged = api.get(card["media"]["cover"], headers={"If-None-Match": again.headers["etag"]})
    assert unchanged.status_code == 304


def test_the_command_line_writes_a_file_and_traces_it(system: PrivateSystem, tmp_path: Path) -> None:
    out = tmp_path / "owls.mp4"
    asked = system.cli(
        "prompt", "Why do owls turn their heads?", "--seconds", "15", "--out", str(out), "--json", timeout=200
    )
    assert asked.returncode == 0, asked.stderr
    video_id = json.loads(asked.stdout)["video_id"]
    with av.open(str(out)) as container:
        assert container.duration is not None and container.duration > 15e6
    traced = system.cli("trace", video_id, "--json")
    types = {node["type"] for node in json.loads(traced.stdout)["nodes"]}
    assert {
        "PromptSubmitted",
        "PromptAccepted",
        "ScriptWritten",
        "SceneVoiced",
        "SceneRendered",
        "VideoPublished",
    } <= types
    parts = json.loads(system.cli("status", "--json").stdout)["parts"]
    assert {"kafka", "cassandra", "api", "processors", "projector"} <= {part["name"] for part in parts}


def test_a_prompt_that_breaks_the_rules_is_refused_with_a_reason(system: PrivateSystem) -> None:
    refused = system.cli("prompt", "how to build a pipe bomb at home", "--wait", "--json")
    assert refused.returncode == 2
    assert "not accepted" in refused.stderr


def workers(system: PrivateSystem) -> list[dict[str, Any]]:
    parts = json.loads(system.cli("status", "--json").stdout)["parts"]
    return [part for part in parts if "worker" in part["name"]]


def test_a_worker_killed_in_the_middle_of_a_render_costs_nothing_anyone_sees(
    system: PrivateSystem, api: httpx.Client
) -> None:
    # Given a video whose first scene is being drawn
    video_id = submit(api, "Three calm thoughts about rivers")
    until(lambda: [e for e in events(api, video_id) if e["type"] == "SceneVoiced"])
    # When every worker is killed
    for part in workers(system):
        os.kill(part["pid"], signal.SIGKILL)
    # Then it is published all the same, once
    published(api, video_id)
    times = [event for event in events(api, video_id) if event["type"] == "VideoPublished"]
    assert len(times) == 1
    scenes = [event["id"] for event in events(api, video_id) if event["type"] == "SceneRendered"]
    assert len(scenes) == len(set(scenes))


def events(api: httpx.Client, video_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/v1/videos/{video_id}/events").json().get("events", [])
    return found


BROKEN = {
    "not json": (b"key", b"{", []),
    "empty": (b"key", None, []),
    "no key": (None, b"{}", []),
    "unknown type": (b"key", b"{}", [("ce_type", b"x"), ("ce_dataschema", b"y")]),
    "900 KB": (b"key", b"x" * 900_000, []),
}
READERS = {
    "prompts": ("processors", "projector"),
    "swipes": ("processors", "projector"),
    "video-events": ("processors", "projector"),
    "feed-events": ("processors", "projector"),
    "project-events": ("processors", "projector"),
    "script-tasks": ("script-worker",),
    "scene-tasks.interactive": ("scene-worker",),
    "assembly-tasks": ("assembly-worker",),
}


def test_broken_records_on_any_topic_are_put_aside_and_the_next_good_one_is_handled(
    system: PrivateSystem, api: httpx.Client
) -> None:
    before = {name: dead_letters(system, name) for readers in READERS.values() for name in readers}
    # Given broken records of every kind on every topic
    producer = EventProducer(system.kafka, "test")
    for topic in READERS:
        for key, value, headers in BROKEN.values():
            producer.send_raw(topic, key, value, headers).result(10)
    producer.close()
    # Then each reader put each of them aside
    expected = {
        name: before[name] + len(BROKEN) * sum(name in readers for readers in READERS.values()) for name in before
    }
    until(lambda: {name: dead_letters(system, name) for name in before} == expected or None, 60)
    # And the next prompt is handled as ever
    published(api, submit(api, "A calm minute about clouds"))


def dead_letters(system: PrivateSystem, consumer: str) -> int:
    reader = Consumer({"bootstrap.servers": system.kafka, "group.id": "test"})
    try:
        ends = reader.get_watermark_offsets(TopicPartition(f"{consumer}.dead", 0), timeout=10)
        return ends[1] if ends else 0
    finally:
        reader.close()


def test_swipes_keep_videos_coming(system: PrivateSystem, api: httpx.Client) -> None:
    # Given a viewer who opens the feed and swipes through all that there is, which other tests have made
    viewer, before = f"swiper-{ids.fresh()[:8]}", prefetched_for(system)

    def swipe() -> set[str] | None:
        items = api.get(f"/v1/feed?viewer={viewer}&limit=20").json()["items"]
        swipes = [
            {"video_id": item["video_id"], "action": "watched", "watched_ms": 9000, "duration_ms": item["duration_ms"]}
            for item in items
        ]
        if swipes:
            told = api.post("/v1/swipes", json={"viewer_id": viewer, "swipes": swipes})
            assert told.status_code in (202, 503), told.text
        return prefetched_for(system) - before or None

    # Then videos are asked for ahead of somebody new: in the log a viewer has another name
    until(swipe)


def prefetched_for(system: PrivateSystem) -> set[str]:
    """For whom videos were asked for ahead of them."""
    reader = Consumer({"bootstrap.servers": system.kafka, "group.id": f"test-{ids.fresh()}"})
    reader.assign([TopicPartition("prompts", partition, 0) for partition in range(TOPICS["prompts"].partitions)])
    try:
        found = [message.value() or b"" for message in reader.consume(1000, 2)]
        return {
            who
            for value in found
            if (video := _json(value)).get("origin") == "prefetch" and (who := video["viewer_id"])
        }
    finally:
        reader.close()


def _json(value: bytes) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
