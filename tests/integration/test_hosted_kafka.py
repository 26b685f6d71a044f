"""A scene from a hosted generator, through the real stage and a real log: whoever is killed, it is paid once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.contracts.slices import Slice
from infra.kafka.admin import apply_topics
from infra.stack import Stack
from schemas import ids
from schemas.base import Message, now_us
from schemas.videos import SceneCommissioned, SceneRendered
from tests.unit.footage_kit import clip
from tests.unit.hosted_kit import Provider, provider_of

pytestmark = pytest.mark.timeout(300)
#: A machine under load takes its time to start Python.
PATIENCE_S = 120


@pytest.fixture
def provider(tmp_path: Path, stack: Stack) -> Iterator[Provider]:
    apply_topics(stack.kafka)
    with provider_of(clip(tmp_path)) as found:
        yield found


class Workers:
    """Worker processes for one scene, one after the other."""

    def __init__(self, stack: Stack, provider: Provider, folder: Path, api: str, more: str = "") -> None:
        self.stack, self.folder, self.video, self.begun_us = stack, folder, ids.fresh(), now_us()
        place = folder / "models" / "hosted"
        place.mkdir(parents=True)
        (place / "hosted.yaml").write_text(
            f"api: {api}\nurl: {provider.base}\nmodel: owner/app\nkey_env: HOSTED_TEST_KEY\npoll_s: 0.05\n"
            f"offers: [{{seconds: 8, price: 0.8}}]\n{more}"
        )

    def start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {"SWIPESTREAM_KAFKA": self.stack.kafka, "HOSTED_TEST_KEY": "sesame"}
        command = [sys.executable, "-m", "tests.integration.hosted_worker"]
        return subprocess.Popen([*command, str(self.folder), self.video, str(self.begun_us)], env=environment)

    def killed_when(self, provider: Provider) -> None:
        """Start one, and kill it as soon as the provider lets it hang."""
        process = self.start()
        try:
            assert provider.seen.wait(PATIENCE_S), "it never got there"
        finally:
            process.kill()
            process.wait(PATIENCE_S)

    def done(self) -> None:
        assert self.start().wait(PATIENCE_S) == 0

    @property
    def events(self) -> list[Message]:
        """What the log says of the scene, each event once."""
        with Slice(self.stack.kafka, "video-events", since_ms=self.begun_us // 1000, key=self.video.encode()) as part:
            found = {one.id: one.data for one in (record.decode() for record in part)}
        return [data for data in found.values() if getattr(data, "video_id", "") == self.video]


def told(workers: Workers) -> list[SceneCommissioned]:
    return [data for data in workers.events if isinstance(data, SceneCommissioned)]


def rendered(workers: Workers) -> SceneRendered:
    (found,) = [data for data in workers.events if isinstance(data, SceneRendered)]
    return found


@pytest.mark.parametrize("elsewhere", [False, True], ids=["the same machine", "another machine"])
@pytest.mark.parametrize("api", ["runway", "replicate", "fal"])
def test_killed_between_create_and_poll(
    api: str, elsewhere: bool, stack: Stack, provider: Provider, tmp_path: Path
) -> None:
    # given a worker that is killed while its first poll is under way
    workers = Workers(stack, provider, tmp_path, api)
    provider.faults["status"] = ["hang"]
    workers.killed_when(provider)
    # then the job is in the log already
    (first,) = told(workers)
    assert (first.job, first.cost.amount) == ("job-1", 0.8)
    # when the task comes again, be it where nothing but the log is known
    if elsewhere:
        shutil.rmtree(tmp_path / "data")
    workers.done()
    # then the same job was paid once, told once, and its clip is the scene's
    assert (provider.count("create"), len(told(workers))) == (1, 1)
    made = rendered(workers)
    assert (made.backend, made.model, made.look, made.fallbacks) == ("remote", "hosted", "generated", ())


@pytest.mark.parametrize("api", ["runway", "replicate"])
def test_killed_between_create_and_its_answer(api: str, stack: Stack, provider: Provider, tmp_path: Path) -> None:
    # given a worker that is killed when the provider has taken the job, and nobody knows its id
    more = "idempotency_header: Idempotency-Key\n" if api == "runway" else ""
    workers = Workers(stack, provider, tmp_path, api, more)
    provider.keyed, provider.faults["create"] = "Idempotency-Key", ["hang"]
    workers.killed_when(provider)
    assert (len(provider.jobs), told(workers)) == (1, [])
    # when
    workers.done()
    # then Runway's is known by its key, Replicate's by its list
    assert (len(provider.jobs), provider.count("list")) == (1, 0 if api == "runway" else 1)
    assert rendered(workers).backend == "remote"


def test_a_job_that_cannot_be_found_again_is_not_paid_twice(stack: Stack, provider: Provider, tmp_path: Path) -> None:
    # given a provider without idempotency keys and without a list
    workers = Workers(stack, provider, tmp_path, "fal")
    provider.faults["create"] = ["hang"]
    workers.killed_when(provider)
    # when
    workers.done()
    # then the scene is drawn, and says why
    made = rendered(workers)
    assert (provider.count("create"), made.backend) == (1, "procedural")
    assert "may have taken a job" in made.fallbacks[0].reason
