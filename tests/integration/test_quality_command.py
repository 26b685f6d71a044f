"""`swipestream quality` over a real log, and a worker that learns from it what is usual."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from gpu_consumers.commands import register
from gpu_consumers.quality import command
from gpu_consumers.quality.alerts import Alerts
from infra.errors import BadInputError
from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.settings import settings
from infra.stack import Stack
from infra.storage.blobs import LocalBlobStore
from schemas import ids
from schemas.base import now_us
from schemas.envelope import caused_by, root
from schemas.videos import AnomalyFound, SceneRendered, ScriptWritten
from tests.unit.film_kit import film
from tests.unit.read_kit import life
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


class Colours:
    """A network of three features: the mean of each colour. As real ones do, it tells bright films from dark ones."""

    digest = "c" * 64

    def features(self, windows: list[Any]) -> Any:
        return np.stack([window.mean(axis=(0, 1, 2)) for window in windows])


def filmed(stack: Stack, media: Path, model: str, flavor: str, films: list[Path]) -> None:
    """A script of that flavor, and a scene of that model for each film."""
    video, blobs = ids.fresh(), LocalBlobStore(media)
    (script,) = [one.data for one in life(video, now_us()) if isinstance(one.data, ScriptWritten)]
    made: list[Any] = [script.model_copy(update={"flavor": flavor})]
    for film_ in films:
        clip = blobs.put_file(Path(shutil.copy(film_, film_.with_suffix(".copy"))), "mp4")
        made.append(rendered(model=model, video_id=video, clip=clip, ts_us=now_us()))
    producer = EventProducer(stack.kafka, "quality-test")
    producer.publish_all([(root(one, source="/test"), None) for one in made])
    producer.close()


@pytest.fixture
def seen_by_colours(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Media of one's own, and a network that needs no torch."""
    apply_topics(stack.kafka)
    monkeypatch.setenv("SWIPESTREAM_KAFKA", stack.kafka)
    monkeypatch.setenv("SWIPESTREAM_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    monkeypatch.setattr(command, "_network", Colours)
    yield settings().media_dir
    settings.cache_clear()


def test_distances_are_recorded_by_model_and_flavor_and_one_that_is_far_above_is_odd(
    stack: Stack, seen_by_colours: Path, tmp_path: Path
) -> None:
    # given a reference, and a model of a flavor whose films are somewhat brighter, measured five times
    for name in ("usual", "own", "bright"):
        (tmp_path / name).mkdir()
    usual = [film(tmp_path / "usual" / f"{n}.mp4", n) for n in range(4)]
    own = [film(tmp_path / "own" / f"{n}.mp4", n % 4, bright=40, seconds=3 + n / 4) for n in range(12)]
    model, flavor = f"model-{uuid.uuid4()}", f"flavor-{str(uuid.uuid4())[:8]}"
    words = ("--since", "10m", "--fvd", str(tmp_path / "usual"), "--json")

    def measured() -> dict[str, dict[str, Any]]:
        told = run(*words)
        assert {one["name"] for one in told["fvd"] if one["fvd"] is not None} >= {model, flavor}
        return {one["name"]: one for one in told["distances"] if one["name"] in (model, flavor)}

    filmed(stack, seen_by_colours, model, flavor, own[:8])
    first = measured()
    assert {one["group"] for one in first.values()} == {"model", "flavor"} and first[model]["clips"] == 8
    assert first[model]["distance"] == first[flavor]["distance"] > 0 and first[model]["reference_clips"] == len(usual)
    # measured again on the same clips, it is the same measurement
    assert measured() == first
    for film_ in own[8:]:
        filmed(stack, seen_by_colours, model, flavor, [film_])
        assert measured()[model]["outlier"] is None
    # when some are far brighter, then that is odd, of the model and the flavor
    bright = [film(tmp_path / "bright" / f"{n}.mp4", n, bright=140) for n in range(4)]
    filmed(stack, seen_by_colours, model, flavor, bright)
    odd = measured()
    assert all(one["outlier"]["value"] > 2 * one["outlier"]["typical"] and one["seen"] == 5 for one in odd.values())
    # and it is told with the other figures later, when nothing is measured
    later = {one["name"]: one for one in run("--since", "10m", "--json")["distances"]}
    assert later[model] == odd[model] and later[flavor] == odd[flavor]
    text = "".join(run("--since", "10m").split())
    assert "FVDof" in text and f"4ofusual{odd[model]['reference'][:8]}" in text
