"""One viewer is erased: gone from the views, and brought back by no rebuild and by no backup."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.supervisor.private import PrivateSystem, private_system
from tests.acceptance.history_kit import ask, at_rest, caught_up, ok, published, rows, watch
from tests.acceptance.waiting import until
from tests.chaos.system import SMALL

pytestmark = pytest.mark.timeout(600)

VIEWS = ("viewer_seen", "viewer_interests", "feed_by_viewer")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[PrivateSystem]:
    with private_system(tmp_path, WORKERS="1", AHEAD="0", **SMALL) as running:
        yield running
    running.cli("down")


def of(system: PrivateSystem, pseudonym: str) -> list[str]:
    found = rows(system)
    return [row for table in VIEWS for row in found[table] if pseudonym in row]


def shown(api: httpx.Client, viewer: str) -> list[str]:
    return [item["video_id"] for item in api.get(f"/v1/feed?viewer={viewer}").json()["items"]]


def test_no_rebuild_and_no_backup_brings_back_who_was_erased(system: PrivateSystem, tmp_path: Path) -> None:
    # given two viewers with a history
    with httpx.Client(base_url=system.api_url, timeout=20) as api:
        video = ask(api, "Why do cats purr?", viewer_id="ann")
        until(lambda: published(api, video), 240)
        for viewer in ("ann", "bob"):
            until(lambda viewer=viewer: shown(api, viewer))  # type: ignore[misc]
            watch(api, viewer, video)
        until(lambda: at_rest(system, api), 120)
        assert video not in shown(api, "ann")
    looked = json.loads(ok(system, "forget", "ann", "--dry-run", "--json"))
    pseudonym, bob = looked["pseudonym"], json.loads(ok(system, "forget", "bob", "--dry-run", "--json"))["pseudonym"]
    until(lambda: of(system, pseudonym) and of(system, bob))
    ok(system, "backup")
    shutil.copytree(system.data_dir / "backups", tmp_path / "elsewhere")
    # when
    erased = json.loads(ok(system, "forget", "ann", "--yes", "--json"))
    # then the proof is there, the views hold nothing, and whoever is called ann now has no history
    assert all(erased["checks"].values()) and erased["heard"] is True and erased["backups"] == 1
    assert sum(erased["rows"].values()) >= 3 and not any(erased["rows_after"].values())
    assert of(system, pseudonym) == [] and of(system, bob) != []
    with httpx.Client(base_url=system.api_url, timeout=20) as api:
        until(lambda: video in shown(api, "ann") or None, 60)
        assert video not in shown(api, "bob")
    # and a rebuild does not bring them back
    ok(system, "projections", "rebuild", "--reason", "test")
    ok(system, "projections", "promote", "2", "--reason", "test")
    until(lambda: caught_up(system))
    assert of(system, pseudonym) == []
    # and neither does a backup that was made before, and was out of reach
    ok(system, "down")
    ok(system, "up", "--stores", "--detach")
    restored = json.loads(ok(system, "restore", str(tmp_path / "elsewhere"), "--replace", "--json"))
    assert restored["erased"] == 1
    ok(system, "down")
    ok(system, "up", "--no-starter", "--detach")
    until(lambda: caught_up(system), 120)
    until(lambda: of(system, bob) or None)
    assert of(system, pseudonym) == []
    gone = system.cli("forget", "ann", "--dry-run")
    assert (gone.returncode, "Nobody is known as ann" in gone.stderr) == (66, True)
