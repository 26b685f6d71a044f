"""From a prompt to a video whose files are in a bucket, and what viewers see while the bucket is away."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from infra.storage.buckets import Bucket
from infra.storage.s3_blobs import AWAY_S
from infra.supervisor.private import PrivateSystem, private_system
from tests.acceptance.test_whole_path import published, submit
from tests.acceptance.waiting import until
from tests.s3_server import named, s3_server, troubled
from tests.unit.test_storage_s3 import config

pytestmark = pytest.mark.timeout(420)


@dataclass
class Switch:
    """Whether the bucket is away."""

    away: bool = False
    asked: list[str] = field(default_factory=list)

    def __call__(self, method: str, path: str) -> int | None:
        self.asked.append(f"{method} {path}")
        return 503 if self.away else None

    def gets(self, name: str) -> int:
        """How often that object was read."""
        return sum(asked.startswith("GET") and name in asked for asked in self.asked)


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def address(switch: Switch) -> Iterator[str]:
    with s3_server() as real, troubled(real, switch) as address:
        yield address


@pytest.fixture
def system(address: str, tmp_path: Path) -> Iterator[PrivateSystem]:
    with private_system(tmp_path / "system", timeout=240, WORKERS="1", **named(address, "feed")) as running:
        yield running


def test_a_video_is_made_and_served_without_a_folder_in_common(
    system: PrivateSystem, switch: Switch, address: str, tmp_path: Path
) -> None:
    with httpx.Client(base_url=system.api_url, timeout=120) as api:
        # given a prompt that comes while the bucket is away: its task is handed back
        switch.away = True
        video_id = submit(api, "Why do cats purr?")
        until(lambda: "put back" in system.log.read_text() or None, 120)
        # when the bucket is back, then the video is made, its files are there, and none lie in the folder of media
        switch.away = False
        where = published(api, video_id)["card"]["media"]["video"]
        name = where.partition("?")[0].rpartition("/")[2]
        assert name in {found.name for found in Bucket.of(config(address, "feed", tmp_path)).objects("media")}
        assert not (system.data_dir / "media").exists()
        # and it is served in ranges, from the bucket where there is no copy, and from the copy from then on
        copies, part = system.data_dir / "media-cache", {"Range": "bytes=4-7"}
        shutil.rmtree(copies)
        before = switch.gets(name)
        found = api.get(where, headers=part)
        assert (found.status_code, found.content) == (206, b"ftyp")
        assert api.get(where).status_code == 200 and switch.gets(name) == before + 1
        # when the bucket is away again, what has a copy is served, what has none is a 503, and whoever asks is told
        switch.away = True
        assert api.get(where, headers=part).status_code == 206
        shutil.rmtree(copies)
        assert api.get(where).status_code == 503 and api.get("/healthz").is_success
        parts = json.loads(system.cli("status", "--json").stdout)["parts"]
        assert "does not answer" in next(each["state"] for each in parts if each["name"] == "media")
        # and when it is back, so is everything, once it is asked again
        switch.away = False
        until(lambda: api.get(where, headers=part).status_code == 206 or None, 3 * AWAY_S)
