"""`swipestream quality` over a real log, and a worker that learns from it what is usual."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gpu_consumers.commands import register
from gpu_consumers.quality.alerts import Alerts
from infra.errors import BadInputError
from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.settings import settings
from infra.stack import Stack
from schemas import ids
from schemas.base import now_us
from schemas.envelope import caused_by, root
from schemas.videos import AnomalyFound, SceneRendered
from tests.unit.test_quality_watch import rendered, usual

COUNT = 40


@pytest.fixture
def model(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A model whose scenes are in the log, each sent twice, and one that came out blurred, with its alert."""
    apply_topics(stack.kafka)
    monkeypatch.setenv("SWIPESTREAM_KAFKA", stack.kafka)
    settings.cache_clear()
    model, alerts = f"model-{uuid.uuid4()}", Alerts()
    producer = EventProducer(stack.kafka, "quality-test")
    for scene in [*usual(COUNT), rendered(sharpness=9.0)]:
        event = root(named(scene, model), source="/test")
        odd = alerts.judged(event.data)
        told = [caused_by(event, odd, source="/test", step="anomaly-found")] if odd else []
        producer.publish_all([(one, None) for one in [event, event, *told, *told]])
    producer.close()
    yield model
    settings.cache_clear()


def named(scene: SceneRendered, model: str) -> SceneRendered:
    return scene.model_copy(update={"model": model, "video_id": ids.fresh(), "ts_us": now_us()})


def run(*words: str) -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["quality", *words])
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout) if "--json" in words else result.stdout


def test_operators_see_the_middle_of_each_figure_and_what_was_odd(model: str) -> None:
    found = run("--since", "10m", "--limit", "10000", "--json")
    (line,) = [line for line in found["kinds"] if line["kind"].startswith(model)]
    assert (line["scenes"], line["anomalies"]) == (COUNT + 1, 1)
    assert line["sharpness"] == pytest.approx(300, rel=0.1) and line["seconds"] == pytest.approx(0.5, rel=0.1)
    (odd,) = [one for one in found["anomalies"] if one["model"] == model]
    assert [one["figure"] for one in odd["outliers"]] == ["sharpness"]
    text = run("--since", "10m", "--limit", "10000")
    assert model[:20] in text and "odd" in text


def test_a_fresh_process_knows_from_the_log_what_is_usual(model: str, stack: Stack) -> None:
    # given a process that has made nothing yet
    fresh = Alerts()
    assert fresh.judged(named(rendered(flicker=9.0), model)) is None
    # when it has read the log
    assert fresh.recall(stack.kafka) >= COUNT
    # then it knows a scene that is odd
    odd = fresh.judged(named(rendered(flicker=9.0), model))
    assert isinstance(odd, AnomalyFound) and [one.figure for one in odd.outliers] == ["flicker"]


@pytest.mark.usefixtures("model")
def test_a_time_without_scenes_is_told_so() -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 3600))
    assert "No scene was made" in run("--since", soon)


def test_fvd_without_a_network_says_what_to_name(tmp_path: Path) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["quality", "--fvd", str(tmp_path)])
    assert isinstance(result.exception, BadInputError) and "SWIPESTREAM_FVD_NETWORK" in str(result.exception.hint)
