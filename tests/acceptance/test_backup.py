"""Everything is lost but the backup: the log, the views, the media. It is restored, and goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cassandra.cluster import Session as DriverSession

from infra.backup import source
from infra.cassandra.cluster import cluster
from infra.contracts.slices import Range
from infra.kafka.groups import committed
from infra.settings import Settings
from infra.supervisor.private import PrivateSystem, private_system
from schemas.topics import CONSUMERS, TOPICS
from tests.acceptance.waiting import until
from tests.integration.cassandra_kit import positions_now

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[PrivateSystem]:
    with private_system(tmp_path, WORKERS="1", AHEAD="1") as running:
        yield running
    running.cli("down")


def settings_of(system: PrivateSystem) -> Settings:
    port = system.env["SWIPESTREAM_CASSANDRA_PORT"]
    return Settings(kafka=system.kafka, cassandra=f"127.0.0.1:{port}", data_dir=system.data_dir)


@contextmanager
def session_of(system: PrivateSystem) -> Iterator[DriverSession]:
    settings = settings_of(system)
    own = cluster(settings, request_s=20)
    try:
        yield own.connect(settings.keyspace)
    finally:
        own.shutdown()


def rows(system: PrivateSystem) -> dict[str, list[str]]:
    """Every row of every view, and how far the views are."""
    with session_of(system) as session:
        names = session.cluster.metadata.keyspaces[session.keyspace].tables
        found = {name: session.execute(f"SELECT * FROM {name}") for name in names}  # noqa: S608
        return {
            name: sorted(json.dumps(row, sort_keys=True, default=str) for row in one) for name, one in found.items()
        }


def caught_up(system: PrivateSystem) -> bool | None:
    """Whether the views hold the whole log."""
    ends = {key: end for key, end in positions_now(settings_of(system)).items() if end}
    with session_of(system) as session:
        held = {
            (row["topic"], row["partition"]): row["position"]
            for row in session.execute("SELECT * FROM projection_state")
        }
    return all(held.get(key, 0) >= end for key, end in ends.items()) or None


def published(api: httpx.Client, video: str) -> bool | None:
    answer = api.get(f"/v1/videos/{video}")
    return (answer.is_success and answer.json()["status"] == "published") or None


def ask(api: httpx.Client, text: str, **more: Any) -> str:
    body = {"text": text, "target_seconds": 15, **more}
    return until(lambda: str(a.json()["video_id"]) if (a := api.post("/v1/prompts", json=body)).is_success else None)


def watch(api: httpx.Client, viewer: str, video: str) -> None:
    swipe = {"video_id": video, "action": "watched", "watched_ms": 9000, "duration_ms": 15000}
    assert api.post("/v1/swipes", json={"viewer_id": viewer, "swipes": [swipe]}).is_success


def at_rest(system: PrivateSystem, api: httpx.Client) -> bool | None:
    """Whether every video that was asked for is there, and the views tell of it."""
    with session_of(system) as session:
        videos = list(session.execute("SELECT video_id, published_us FROM videos"))
    done = all(row["published_us"] for row in videos) and caught_up(system)
    return (done and all(at_its_end(system.kafka, group) for group in CONSUMERS)) or None


def at_its_end(kafka: str, group: str) -> bool:
    """Whether a group has committed all that is in the partitions that it reads."""
    every = [(name, number) for name, topic in TOPICS.items() for number in range(topic.partitions)]
    ends = source.cut(kafka, []).ranges | {name: [Range(0, 0, 0)] * 4 for name in source.LEFT_OUT}
    return all(offset >= ends[name][number].end for (name, number), offset in committed(kafka, group, every).items())


def ok(system: PrivateSystem, *words: str) -> str:
    done = system.cli(*words, timeout=240)
    assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_wiped_system_is_restored_row_by_row_and_goes_on(system: PrivateSystem) -> None:
    # given a system with a history: videos, impressions, swipes, and what was made ahead for a viewer
    with httpx.Client(base_url=system.api_url, timeout=20) as api:
        first = ask(api, "Why do cats purr?", viewer_id="ann")
        until(lambda: published(api, first), 240)
        until(lambda: api.get("/v1/feed?viewer=ann").json()["items"])
        watch(api, "ann", first)
        until(lambda: at_rest(system, api), 240)
        file = api.get(api.get(f"/v1/videos/{first}").json()["card"]["media"]["video"]).content
    made = json.loads(ok(system, "backup", "--media", "--json"))
    before = rows(system)
    assert len(before["viewer_seen"]) >= 1 and len(before["videos"]) >= 2
    ok(system, "down")
    # when everything but the backups is gone
    for name in system.data_dir.iterdir():
        if name.name not in ("backups", "run"):
            shutil.rmtree(name)
    ok(system, "up", "--stores", "--detach")
    restored = json.loads(ok(system, "restore", "--json"))
    ok(system, "down")
    ok(system, "up", "--no-starter", "--detach")
    # then every row is what it was
    assert restored["topics"]["video-events"] == sum(
        segment["records"]
        for topic in made["topics"] if topic["name"] == "video-events"
        for part in topic["partitions"] for segment in part["segments"]
    )  # fmt: skip
    assert (restored["media"]["missing"], restored["offsets_moved"]) == (0, {})
    until(lambda: caught_up(system), 120)
    after = rows(system)
    assert {name: after[name] for name in before} == before
    assert set(restored["topics"]) == set(TOPICS) - {"render-progress"}
    # and nothing is made again, the old video plays, and a new prompt works
    with httpx.Client(base_url=system.api_url, timeout=20) as api:
        assert api.get(api.get(f"/v1/videos/{first}").json()["card"]["media"]["video"]).content == file
        second = ask(api, "Three facts about rain", viewer_id="ann")
        until(lambda: published(api, second), 240)
        until(lambda: at_rest(system, api), 240)
    events = rows(system)["video_events"]
    assert {row for row in events if second not in row and first in row} == {
        row for row in before["video_events"] if first in row
    }
