"""Follow one video from prompt to file: pushes from the gateway, with the API as the second opinion."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from infra.errors import DeadlineError, SwipestreamError
from producers.client import ApiClient

#: Without a push for this long, in seconds, the API is asked.
QUIET_S = 2.0


class VideoRefusedError(SwipestreamError):
    """The video will not appear."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far the video is. `card` is there once it can be played."""

    fraction: float
    stage: str
    card: dict[str, Any] | None = None


def follow(
    api: ApiClient, gateway_url: str, video_id: str, *, timeout: float, access: str | None = None
) -> Iterator[Step]:
    """Steps until the video is published; `access` is a token, where one is needed.

    Raises VideoRefusedError or DeadlineError.
    """
    deadline = time.monotonic() + timeout
    fraction = 0.0
    for step in _steps(api, gateway_url, video_id, deadline, access):
        fraction = max(fraction, step.fraction)  # scenes are told in parallel: never go back
        yield Step(fraction=fraction, stage=step.stage, card=step.card)
        if step.card:
            return
    raise DeadlineError(f"The video was not ready within {timeout:g} s.", hint=f"See `swipestream trace {video_id}`.")


def _steps(api: ApiClient, gateway_url: str, video_id: str, deadline: float, access: str | None) -> Iterator[Step]:
    while time.monotonic() < deadline:
        try:
            yield from _pushed(api, gateway_url, video_id, deadline, access)
        except (OSError, WebSocketException, TimeoutError):
            yield from _asked(api, video_id)
            time.sleep(0.5)


def _pushed(api: ApiClient, gateway_url: str, video_id: str, deadline: float, access: str | None) -> Iterator[Step]:
    with connect(gateway_url, open_timeout=5, close_timeout=1, compression=None) as socket:
        hello = {"type": "hello", "viewer_id": "cli", "videos": [video_id]} | ({"access": access} if access else {})
        socket.send(json.dumps(hello))
        yield from _asked(api, video_id)  # what happened before the socket was open
        while time.monotonic() < deadline:
            try:
                frames = json.loads(socket.recv(timeout=QUIET_S))
            except TimeoutError:
                yield from _asked(api, video_id)
            else:
                for frame in frames if isinstance(frames, list) else [frames]:
                    yield from _read(frame, video_id)


def _read(frame: dict[str, Any], video_id: str) -> Iterator[Step]:
    if frame.get("card", frame).get("video_id") != video_id:
        return
    if frame["type"] in ("failed", "rejected"):
        raise VideoRefusedError(str(frame.get("reason")), hint=f"See `swipestream trace {video_id}`.")
    if frame["type"] == "video":
        yield Step(fraction=1.0, stage="published", card=frame["card"])
    elif frame["type"] == "progress":
        yield Step(fraction=float(frame["fraction"]), stage=str(frame["stage"]))


def _asked(api: ApiClient, video_id: str) -> Iterator[Step]:
    try:
        video = api.video(video_id)
    except SwipestreamError:
        return  # not projected yet, or the API restarts
    if video["status"] in ("failed", "rejected"):
        raise VideoRefusedError(str(video.get("reason")), hint=f"See `swipestream trace {video_id}`.")
    if card := video.get("card"):
        yield Step(fraction=1.0, stage="published", card=card)
