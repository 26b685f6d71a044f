"""Following a video: pushes first, and the API as the second opinion."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from swipestream_client import LateError, RefusedError, Swipestream, following
from swipestream_client.following import Step, read
from websockets.asyncio.server import ServerConnection, serve

CARD = {"video_id": "v", "title": "Cats"}


def test_what_frames_say_of_a_video() -> None:
    progress = {"type": "progress", "video_id": "v", "stage": "scene", "fraction": 0.5}
    assert read(progress, "v") == Step(fraction=0.5, stage="scene") and read(progress, "other") is None
    assert read({"type": "video", "card": CARD}, "v") == Step(fraction=1, stage="published", card=CARD)  # type: ignore[arg-type]
    refused = read({"type": "failed", "video_id": "v", "reason": "no voice"}, "v")
    assert isinstance(refused, RefusedError) and refused.reason == "no voice" and refused.status == "failed"
    assert read({"type": "beat", "live": True}, "v") is None


async def steps(pushed: list[Any], asked: Callable[[int], dict[str, Any]], timeout: float = 5.0) -> list[Step]:
    """The steps of a video whose gateway pushes `pushed` and whose API answers `asked(number of the question)`."""
    questions = 0

    async def push(socket: ServerConnection) -> None:
        await socket.recv()
        for frame in pushed:
            await socket.send(json.dumps(frame))
        await socket.wait_closed()

    async with serve(push, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]

        def answer(request: httpx.Request) -> httpx.Response:
            nonlocal questions
            if request.url.path == "/config.json":
                return httpx.Response(200, json={"gateway": f"ws://127.0.0.1:{port}/"})
            questions += 1
            return httpx.Response(200, json=asked(questions))

        async with Swipestream("http://127.0.0.1", transport=httpx.MockTransport(answer)) as api:
            return [step async for step in api.follow("v", timeout=timeout)]


async def test_progress_never_goes_back_and_ends_with_the_card() -> None:
    scenes = [{"type": "progress", "video_id": "v", "stage": "scene", "fraction": share} for share in (0.4, 0.3)]
    found = await steps([*scenes, {"type": "video", "card": CARD}], lambda _: {"status": "rendering"})
    assert [step.fraction for step in found] == [0.4, 0.4, 1.0] and found[-1].card == CARD


async def test_a_silent_gateway_is_made_up_for_by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "QUIET_S", 0.01)
    found = await steps([], lambda number: {"status": "published", "card": CARD} if number > 2 else {"status": "x"})
    assert [step.stage for step in found] == ["published"]


@pytest.mark.parametrize("pushed", [True, False])
async def test_a_video_that_will_not_come_is_told_from_either_side(pushed: bool) -> None:
    frames = [{"type": "rejected", "video_id": "v", "reason": "violence"}] if pushed else []
    status = {"status": "accepted"} if pushed else {"status": "rejected", "reason": "violence"}
    with pytest.raises(RefusedError, match="violence"):
        await steps(frames, lambda _: status)


async def test_a_video_that_is_late_is_told_in_time() -> None:
    with pytest.raises(LateError, match=r"within 0\.2 s"):
        await steps([], lambda _: {"status": "rendering"}, timeout=0.2)
