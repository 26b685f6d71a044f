"""Everything is lost but the backup: the log, the views, the media. It is restored, and goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.supervisor.private import PrivateSystem, private_system
from schemas.topics import TOPICS
from tests.acceptance.history_kit import ask, at_rest, caught_up, ok, published, rows, watch
from tests.acceptance.waiting import until
from tests.chaos.system import SMALL

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[PrivateSystem]:
    with private_system(tmp_path, WORKERS="1", AHEAD="1", **SMALL) as running:
        yield running
    running.cli("down")


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
    assert len(before["viewer_seen"]) >= 1 and len(before["viewer_keys"]) == 2 and len(before["videos"]) >= 2
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
    until(lambda: rows(system)["viewer_keys"] == before["viewer_keys"] or None, 60)
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
