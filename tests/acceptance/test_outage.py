"""Kafka, then Cassandra, away for 30 seconds: clients are told at once, nothing is lost, everything goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from infra.stack import Stack, start_stack
from infra.supervisor.private import private_system
from tests.acceptance.waiting import until
from tests.chaos.system import SMALL

pytestmark = pytest.mark.timeout(400)

AWAY_S = 30
#: "At once": the parts answer within a second; the rest is a machine that does other things as well.
AT_ONCE_S = 4.0


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    """Stores that this test alone may stop."""
    with start_stack(tmp_path / "stack") as stack:
        yield stack


@pytest.fixture
def api(own_stack: Stack, tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        private_system(tmp_path / "system", KAFKA=own_stack.kafka, CASSANDRA=own_stack.cassandra, **SMALL) as system,
        httpx.Client(base_url=system.api_url, timeout=20) as client,
    ):
        yield client


def submit(api: httpx.Client, key: str) -> httpx.Response:
    body = {"text": "A calm minute about rain", "target_seconds": 15}
    return api.post("/v1/prompts", json=body, headers={"Idempotency-Key": key})


def refused_at_once(ask: Callable[[], httpx.Response]) -> None:
    began = time.monotonic()
    answer = ask()
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] and answer.headers["content-type"].startswith("application/problem+json")
    assert time.monotonic() - began < AT_ONCE_S


def is_published(api: httpx.Client, video_id: str) -> bool | None:
    try:
        answer = api.get(f"/v1/videos/{video_id}")
    except httpx.TransportError:
        return None  # any process may die: it comes back
    return (answer.is_success and answer.json()["status"] == "published") or None


def test_both_stores_may_go_away_for_half_a_minute(own_stack: Stack, api: httpx.Client) -> None:
    # Given a video that is being made
    video_id = until(lambda: answer.json()["video_id"] if (answer := submit(api, "first")).is_success else None)
    # When Kafka goes away
    own_stack.kill("kafka")
    gone = time.monotonic()
    # Then a prompt is refused at once, and the part is named
    refused_at_once(lambda: submit(api, "second"))
    ready = until(lambda: answer if (answer := api.get("/readyz")).status_code == 503 else None, 20)
    assert {part["name"]: part["ok"] for part in ready.json()["parts"]}["kafka"] is False
    # And what can be read is read
    assert api.get("/v1/feed?viewer=v").is_success
    # When it is back, the video is finished and the prompt is taken
    time.sleep(max(0.0, gone + AWAY_S - time.monotonic()))
    own_stack.start("kafka")
    second = until(lambda: answer.json()["video_id"] if (answer := submit(api, "second")).is_success else None)
    until(lambda: is_published(api, video_id), 150)
    # When Cassandra goes away
    own_stack.kill("cassandra")
    gone = time.monotonic()
    refused_at_once(lambda: api.get("/v1/videos/" + video_id + "/events"))
    time.sleep(max(0.0, gone + AWAY_S - time.monotonic()))
    own_stack.start("cassandra")
    # Then what was made meanwhile is there as well
    until(lambda: is_published(api, second), 150)
    until(lambda: api.get("/readyz").is_success or None, 60)
