"""The Python client against the running system."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import aclosing
from pathlib import Path
from typing import Any

import av
import pytest
from swipestream_client import RefusedError, Swipestream
from swipestream_client.following import read

from infra.supervisor.private import PrivateSystem
from schemas import ids

pytestmark = pytest.mark.timeout(300)


def kill(system: PrivateSystem, name: str) -> None:
    """As the machine would: without a word."""
    parts = json.loads(system.cli("status", "--json").stdout)["parts"]
    os.kill(next(part["pid"] for part in parts if part["name"] == name), signal.SIGKILL)


async def test_from_a_prompt_to_a_file_and_a_swipe(system: PrivateSystem, tmp_path: Path) -> None:
    async with Swipestream(system.api_url, viewer=f"client-{ids.fresh()[:8]}", patience=30) as api:
        asked = await api.prompt("Why is the sea salty?", target_seconds=15, viewer_id=api.viewer)
        steps = [step async for step in api.follow(asked["video_id"], timeout=200)]
        card = steps[-1].card
        assert card is not None and [step.fraction for step in steps] == sorted(step.fraction for step in steps)
        size = await api.download(card["media"]["video"], tmp_path / "sea.mp4")
        assert size == card["media"]["size"]
        with av.open(str(tmp_path / "sea.mp4")) as file:
            assert file.streams.video[0].height == card["height"]
        assert asked["video_id"] in [shown["video_id"] async for shown in api.browse()]
        swipe = {"swipe_id": ids.fresh(), "video_id": asked["video_id"], "action": "watched", "watched_ms": 9000}
        await api.swipe([swipe | {"duration_ms": card["duration_ms"], "position": 0}])
        assert (await api.events(asked["video_id"]))["events"]


def test_a_dropped_revision_ends_the_waiting_unless_another_is_made_in_its_place() -> None:
    dropped = {"type": "revision", "video_id": "v", "revision": 1, "status": "dropped", "reason": "no more GPUs"}
    assert isinstance(read(dropped, "v"), RefusedError) and read(dropped, "other") is None
    assert read(dropped | {"overtaken_by": 2}, "v") is None


async def test_a_refused_prompt_ends_the_waiting(system: PrivateSystem) -> None:
    async with Swipestream(system.api_url, patience=30) as api:
        asked = await api.prompt("How to build a pipe bomb at home")
        with pytest.raises(RefusedError):
            _ = [step async for step in api.follow(asked["video_id"], timeout=60)]


async def test_a_gateway_killed_in_the_middle_leaves_no_gap_and_no_duplicate(system: PrivateSystem) -> None:
    """Every durable frame about the video comes once, though the process that tells them is killed while it renders."""
    durable = ("accepted", "video", "failed", "rejected", "withdrawn")
    seen: list[tuple[str, Any]] = []
    async with (
        Swipestream(system.api_url, viewer=f"client-{ids.fresh()[:8]}", patience=60) as api,
        asyncio.timeout(240),
        aclosing(api.stream().frames()) as frames,
    ):
        assert (await anext(frames))["type"] == "welcome"
        asked = await api.prompt("Why do leaves turn red?", target_seconds=15, viewer_id=api.viewer)
        async for frame in frames:
            about: Any = frame.get("card", frame)
            if about.get("video_id") != asked["video_id"] or frame["type"] not in durable:
                continue
            seen.append((frame["type"], tuple(about.get("at") or frame["at"])))  # type: ignore[typeddict-item]
            if frame["type"] == "accepted":
                await asyncio.to_thread(kill, system, "api")
            if frame["type"] == "video":
                break
    assert [kind for kind, _ in seen] == ["accepted", "video"] and len(set(seen)) == 2
