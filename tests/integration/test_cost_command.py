"""`swipestream cost` over a real log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gpu_consumers.commands import register
from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.settings import settings
from infra.stack import Stack
from schemas import ids
from schemas.base import now_us
from tests.unit.read_kit import life


@pytest.fixture
def video(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A video in the log whose events were sent twice."""
    apply_topics(stack.kafka)
    monkeypatch.setenv("SWIPESTREAM_KAFKA", stack.kafka)
    settings.cache_clear()
    video, producer = ids.fresh(), EventProducer(stack.kafka, "cost-test")
    producer.publish_all([(event, None) for event in life(video, now_us()) * 2])
    producer.close()
    yield video
    settings.cache_clear()


def run(*words: str) -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["cost", *words])
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout) if "--json" in words else result.stdout


def test_each_event_is_counted_once_and_the_total_counts_all(video: str) -> None:
    found = run("--by", "video", "--since", "1m", "--limit", "10000", "--json")
    (line,) = [line for line in found["lines"] if line["name"] == video]
    assert (line["amount"], line["scenes"], line["currency"]) == (3.0, 2, "USD")
    assert sum(line["amount"] for line in found["lines"]) == pytest.approx(found["total"][0]["amount"])


def test_people_get_a_table(video: str) -> None:
    today = datetime.now(UTC).date().isoformat()
    assert today in run("--by", "day", "--since", "1m")
    assert "Nothing was spent" in run("--since", "2001-01-01", "--until", "2001-01-02")
