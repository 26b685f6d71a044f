"""Prompt to published: where the time goes, on an otherwise idle private system.

Stages come from the videos' own events. A stage's share is the time during which it was the furthest one at work; the
pipeline's own overhead is the time in which no stage was at work at all: topics, processors, queues, polling.
The limit it is measured against is the bare x264 encode of one finished video's frames, decoded beforehand.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from bench.encode import bare_encode
from bench.report import Figure
from infra.supervisor.private import PrivateSystem, private_system

PROMPTS = ("Why do cats purr?", "Three ways to enjoy a rainy day", "A short story about a lost key")
SECONDS = 20
STAGES = {"ScriptWritten": "script", "SceneVoiced": "voice", "SceneRendered": "render", "VideoPublished": "assembly"}

Span = tuple[float, float]


def run() -> Sequence[Figure]:
    """One private system, one video after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, private_system(Path(folder)) as system:
        videos = [_make(system, prompt) for prompt in PROMPTS]
        limit = bare_encode(_download(system, videos[0], Path(folder)))
    return _figures(videos, limit)


def _make(system: PrivateSystem, prompt: str) -> dict[str, Any]:
    with httpx.Client(base_url=system.api_url, timeout=10) as api:
        answer = api.post("/v1/prompts", json={"text": prompt, "target_seconds": SECONDS})
        answer.raise_for_status()
        video = _published(api, answer.json()["video_id"], time.monotonic() + 300)
        return video | {"events": api.get(f"/v1/videos/{video['video_id']}/events").json()["events"]}


def _published(api: httpx.Client, video_id: str, deadline: float) -> dict[str, Any]:
    while time.monotonic() < deadline:
        answer = api.get(f"/v1/videos/{video_id}")
        if answer.is_success and answer.json()["status"] in ("published", "failed", "rejected"):
            video: dict[str, Any] = answer.json()
            if video["status"] != "published":
                raise RuntimeError(f"not published: {video}")
            return video
        time.sleep(0.1)
    raise RuntimeError("not published in time")


def _download(system: PrivateSystem, video: dict[str, Any], folder: Path) -> Path:
    path = folder / "video.mp4"
    path.write_bytes(httpx.get(system.api_url + video["card"]["media"]["video"], timeout=30).content)
    return path


def _figures(videos: Sequence[dict[str, Any]], limit: float) -> list[Figure]:
    totals = [_seconds(video) for video in videos]
    lengths = [video["card"]["duration_ms"] / 1000 for video in videos]
    speed = median(length / total for length, total in zip(lengths, totals, strict=True))
    overheads = [total - _covered(_spans(video)) for video, total in zip(videos, totals, strict=True)]
    figures = [
        Figure(name="prompt to published", value=median(totals), unit="s", aim="< 30 s", holds=median(totals) < 30,
               against=f"videos of {median(lengths):.1f} s"),
        Figure(name="speed", value=speed, unit="x real time", aim=">= 1", holds=speed >= 1),
        Figure(name="the pipeline's own overhead", value=median(overheads) * 1000, unit="ms", aim="< 500 ms",
               holds=median(overheads) < 0.5, against="time in which no stage was at work"),
    ]  # fmt: skip
    for kind, stage in STAGES.items():
        walls = [sum(_wall(event) for event in video["events"] if event["type"] == kind) for video in videos]
        cpus = [sum(_cpu(event) for event in video["events"] if event["type"] == kind) for video in videos]
        figures.append(
            Figure(name=f"{stage}, all scenes", value=median(walls), unit="s wall", against=f"{median(cpus):.2f} CPU-s")
        )
    cpu = sum(_cpu(event) for event in videos[0]["events"])
    figures.append(
        Figure(name="CPU of the first video", value=cpu / limit, unit="x bare encode",
               against=f"{limit:.1f} CPU-s to encode its {lengths[0] * 30:.0f} frames on {os.cpu_count()} cores")
    )  # fmt: skip
    return figures


def _seconds(video: dict[str, Any]) -> float:
    times = {event["type"]: _time(event) for event in video["events"]}
    return times["VideoPublished"] - times["PromptSubmitted"]


def _time(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def _cost(event: dict[str, Any]) -> dict[str, float]:
    payload = event.get("payload") or event.get("data") or {}
    cost: dict[str, float] = payload.get("cost") or {}
    return cost


def _wall(event: dict[str, Any]) -> float:
    return _cost(event).get("wall_seconds", 0.0)


def _cpu(event: dict[str, Any]) -> float:
    return _cost(event).get("cpu_seconds", 0.0)


def _spans(video: dict[str, Any]) -> list[Span]:
    return [(_time(event) - _wall(event), _time(event)) for event in video["events"] if _wall(event)]


def _covered(spans: Iterable[Span]) -> float:
    """Length of the union of the spans."""
    covered, end = 0.0, float("-inf")
    for start, stop in sorted(spans):
        covered += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return covered
