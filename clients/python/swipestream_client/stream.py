"""The websocket: frames in their order, without gaps, over as many connections as it takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from swipestream_client.backoff import Backoff
from swipestream_client.contracts import GatewayFrame
from swipestream_client.errors import AwayError, ClosedError, ProblemError

#: Close codes after which the same hello must not be said again (docs/reference/gateway.md).
FINAL = frozenset({1009, 4000, 4002, 4004, 4005, 4006})
#: A gateway that has said nothing for this many of its beats is dead, though nobody closed the connection.
_SILENT_BEATS = 2.5
_LOST = (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, AwayError)


class Stream:
    """Iterate over it: frames as the gateway sends them, one by one.

    It resumes by itself with the newest token, with jittered waiting times. A `resync` frame says that frames are
    missing: fetch the feed again, and go on. `live` tells whether a connection stands. Raises ClosedError when the
    gateway will not have this client, such as with too many connections.
    """

    def __init__(
        self,
        address: Callable[[], Awaitable[str]],
        viewer: str,
        *,
        token: str | None = None,
        videos: Iterable[str] = (),
        resume: str | None = None,
        lobby: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        self._address, self._viewer, self._access = address, viewer, token
        self._videos, self._lobby = dict.fromkeys(videos), lobby
        self._backoff = backoff or Backoff()
        self._socket: ClientConnection | None = None
        self._silence = 10.0
        #: Give it as `resume` to a later stream, to miss nothing in between.
        self.token = resume

    @property
    def live(self) -> bool:
        """Whether a connection stands."""
        return self._socket is not None

    async def watch(self, video_id: str) -> None:
        """Tell the progress of this video too."""
        self._videos[video_id] = None
        await self._say({"type": "watch", "video_id": video_id})

    async def unwatch(self, video_id: str) -> None:
        """No longer."""
        self._videos.pop(video_id, None)
        await self._say({"type": "unwatch", "video_id": video_id})

    async def enter_lobby(self, on: bool = True) -> None:
        """Tell, or no longer tell, the progress of starter videos and what is made ahead for others: a client is short
        of videos."""
        self._lobby = on
        await self._say({"type": "lobby", "on": on})

    async def refresh(self, token: str) -> None:
        """Go on with a newer token of the same viewer, on the connection that stands: nothing is dropped."""
        self._access = token
        await self._say({"type": "refresh", "access": token})

    def __aiter__(self) -> AsyncIterator[GatewayFrame]:
        return self.frames()

    async def frames(self) -> AsyncGenerator[GatewayFrame, None]:
        """What iterating over the stream does; as a generator that can be closed."""
        while True:
            try:
                async with aclosing(self._connection()) as frames:
                    async for frame in frames:
                        yield frame
            except ConnectionClosed as error:
                if error.rcvd is not None and error.rcvd.code in FINAL:
                    raise ClosedError(error.rcvd.code, error.rcvd.reason) from error
            except ProblemError as error:
                if not error.passing:
                    raise
            except InvalidURI:
                raise
            except _LOST:
                pass
            await asyncio.sleep(self._backoff.next())

    async def _connection(self) -> AsyncGenerator[GatewayFrame, None]:
        async with connect(await self._address(), open_timeout=10, close_timeout=1, max_size=2**20) as socket:
            try:
                self._silence = 10.0
                await socket.send(json.dumps(self._hello()))
                self._socket = socket
                while True:
                    for frame in _frames(await asyncio.wait_for(socket.recv(), self._silence)):
                        self._take(frame)
                        yield frame
            finally:
                self._socket = None

    def _hello(self) -> dict[str, Any]:
        hello = {"type": "hello", "viewer_id": self._viewer, "videos": [*self._videos][-32:], "lobby": self._lobby}
        more = {"resume": self.token, "access": self._access}
        return hello | {name: value for name, value in more.items() if value}

    def _take(self, frame: GatewayFrame) -> None:
        if frame["type"] == "welcome":
            self._backoff.reset()
            self._silence = frame["beat_s"] * _SILENT_BEATS
        # Taken before the frame is handed out: whoever stops here and comes back later does not get it twice.
        self.token = cast(dict[str, Any], frame).get("token") or self.token

    async def _say(self, message: dict[str, Any]) -> None:
        if self._socket is not None:
            try:
                await self._socket.send(json.dumps(message))
            except ConnectionClosed:
                return  # the next hello says it


def _frames(data: str | bytes) -> list[GatewayFrame]:
    content = json.loads(data)
    return cast(list[GatewayFrame], content if isinstance(content, list) else [content])
