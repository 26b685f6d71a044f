"""`swipestream media gc` over a real log: what a published video needs stays, and no log, no deletion."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gpu_consumers.commands import register
from gpu_consumers.media import command
from infra.kafka.producer import EventProducer
from infra.settings import settings
from infra.stack import Stack
from infra.storage.blobs import LocalBlobStore
from schemas.codec import encode
from schemas.envelope import root
from schemas.values import Artifact
from tests.integration.failures_kit import consumer_with_topics
from tests.unit.test_storage_retention import published, withdrawn

pytestmark = pytest.mark.timeout(120)


def files(folder: Path) -> dict[str, Artifact]:
    """Three old files: two that videos need, and one that nothing does."""
    store = LocalBlobStore(folder / "media")
    found = {name: store.put_bytes(name.encode() * 100, "mp4") for name in ("shown", "gone", "lost")}
    for each in found.values():
        os.utime(store.path(each.name), (time.time() - 9e5,) * 2)
    return found


def test_only_what_no_video_needs_goes(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, app = files(tmp_path), typer.Typer()
    register(app)
    monkeypatch.setenv("SWIPESTREAM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SWIPESTREAM_KAFKA", stack.kafka)
    settings.cache_clear()
    with consumer_with_topics(stack.kafka) as (source, _):
        monkeypatch.setattr(command, "TOPICS", (source,))
        producer = EventProducer(stack.kafka, "gc-test")
        # Given one video that is shown and one that was withdrawn, in the log
        shown, gone = published("shown", "a")[0], published("gone", "b")[0]
        for event in (
            shown.model_copy(update={"video": held["shown"]}),
            gone.model_copy(update={"video": held["gone"]}),
            withdrawn("gone", 10**12)[0],
        ):
            record = encode(root(event, source="/test"), "video-events")
            producer.send_raw(source, record.key, record.value, record.headers).result(30)
        # When it is rehearsed, and when it is done
        rehearsed = CliRunner().invoke(app, ["media", "gc", "--dry-run", "--json"])
        assert all(LocalBlobStore(tmp_path / "media").exists(each) for each in held.values())
        done = CliRunner().invoke(app, ["media", "gc", "--json"])
        # Then
        said = json.loads(done.stdout)
        assert sorted(said["names"]) == sorted([held["gone"].name, held["lost"].name])
        assert (said["hot"], said["freed_bytes"]) == (1, held["gone"].size + held["lost"].size)
        assert json.loads(rehearsed.stdout) | {"dry_run": False} == said
        assert [LocalBlobStore(tmp_path / "media").exists(each) for each in held.values()] == [True, False, False]
        # When a record cannot be read, nothing is known, and nothing goes
        files(tmp_path)
        producer.send_raw(source, b"k", b"not json", record.headers).result(30)
        assert CliRunner().invoke(app, ["media", "gc", "--json"]).exit_code != 0
        assert LocalBlobStore(tmp_path / "media").exists(held["lost"])
        producer.close()
    settings.cache_clear()
