"""A system of a test's own, what it holds, and whether it has come to rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from cassandra.cluster import Session as DriverSession

from infra.backup import source
from infra.cassandra.cluster import cluster
from infra.cassandra.versions import live_keyspace
from infra.contracts.slices import Range
from infra.kafka.groups import committed
from infra.settings import Settings
from infra.supervisor.private import PrivateSystem
from schemas.topics import CONSUMERS, TOPICS
from tests.acceptance.waiting import until
from tests.integration.cassandra_kit import positions_now


def settings_of(system: PrivateSystem) -> Settings:
    port = system.env["SWIPESTREAM_CASSANDRA_PORT"]
    return Settings(kafka=system.kafka, cassandra=f"127.0.0.1:{port}", data_dir=system.data_dir)


@contextmanager
def session_of(system: PrivateSystem) -> Iterator[DriverSession]:
    settings = settings_of(system)
    own = cluster(settings, request_s=20)
    try:
        session = own.connect()
        session.set_keyspace(live_keyspace(session, settings.keyspace))
        yield session
    finally:
        own.shutdown()


def rows(system: PrivateSystem) -> dict[str, list[str]]:
    """Every row of every view that is read, and how far the views are."""
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
