"""Follow one video from prompt to file: pushes from the gateway, with the API as the second opinion."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from swipestream_client.contracts import VideoCard
from swipestream_client.errors import LateError, RefusedError, SwipestreamError

if TYPE_CHECKING:
    from swipestream_client.client import Swipestream

#: Without a push for this long, in seconds, the API is asked.
QUIET_S = 2.0
_ENDED = ("failed", "rejected", "withdrawn", "dropped")


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far the video is, from 0 to 1 and never backwards. `card` is there once it can be watched."""

    fraction: float
    stage: str
    card: VideoCard | None = None


async def follow(api: Swipestream, video_id: str, timeout: float) -> AsyncIterator[Step]:
    """Steps until the video is published. Raises RefusedError, LateError."""
    fraction = 0.0
    async with aclosing(_steps(api, video_id, time.monotonic() + timeout)) as steps:
        async for step in steps:
            fraction = max(fraction, step.fraction)  # scenes are told in parallel: never go back
            yield Step(fraction=fraction, stage=step.stage, card=step.card)
            if step.card:
                return
    raise LateError(video_id, timeout)


async def _steps(api: Swipestream, video_id: str, deadline: float) -> AsyncGenerator[Step, None]:
    """What the gateway says; when it is quiet or away, what the API says."""
    heard: asyncio.Queue[Step | RefusedError] = asyncio.Queue(64)
    listener = asyncio.create_task(_listen(api, video_id, heard))
    try:
        while time.monotonic() < deadline:
            for step in await _asked(api, video_id):
                yield step
            while found := await _next(heard, deadline):
                yield found
    finally:
        listener.cancel()
        await asyncio.wait([listener], timeout=2)


async def _next(heard: asyncio.Queue[Step | RefusedError], deadline: float) -> Step | None:
    """The next step that was pushed; None when nothing came for a while."""
    try:
        found = await asyncio.wait_for(heard.get(), max(0.0, min(QUIET_S, deadline - time.monotonic())))
    except TimeoutError:
        return None
    if isinstance(found, RefusedError):
        raise found
    return found


async def _listen(api: Swipestream, video_id: str, heard: asyncio.Queue[Step | RefusedError]) -> None:
    async with aclosing(api.stream(videos=[video_id]).frames()) as frames:
        async for frame in frames:
            found = read(cast(dict[str, Any], frame), video_id)
            if found is not None:
                await heard.put(found)


def read(frame: dict[str, Any], video_id: str) -> Step | RefusedError | None:
    """What a frame says of this video; None for nothing."""
    if frame.get("card", frame).get("video_id") != video_id:
        return None
    if frame["type"] in _ENDED:
        return RefusedError(video_id, frame["type"], str(frame.get("reason") or ""))
    if frame["type"] == "revision" and frame["status"] == "dropped" and not frame.get("overtaken_by"):
        return RefusedError(video_id, frame["status"], str(frame.get("reason") or ""))
    if frame["type"] == "video":
        return Step(fraction=1.0, stage="published", card=frame["card"])
    if frame["type"] == "progress":
        return Step(fraction=float(frame["fraction"]), stage=str(frame["stage"]))
    return None


async def _asked(api: Swipestream, video_id: str) -> list[Step]:
    try:
        video = await api.video(video_id)
    except SwipestreamError:
        return []  # not projected yet, or the API restarts
    if video["status"] in _ENDED:
        raise RefusedError(video_id, video["status"], str(video.get("reason") or ""))
    card = video.get("card")
    return [Step(fraction=1.0, stage="published", card=card)] if card else []
