"""A client of the gateway that never goes away: it comes back with its token whenever it is cut off."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.chaos.history import Told


class Listener:
    """Listens from `start` to `stop`, and notes the videos that it is told of."""

    def __init__(self, url: str, told: Told, viewer: str = "listener") -> None:
        self._url, self._told, self._viewer = url, told, viewer
        self._token: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join(15)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(self._url, compression=None, open_timeout=5, close_timeout=1) as socket:
                    self._listen(socket)
            except (OSError, TimeoutError, WebSocketException):
                time.sleep(0.3)

    def _listen(self, socket: ClientConnection) -> None:
        hello = {"type": "hello", "viewer_id": self._viewer, "lobby": True} | (
            {"resume": self._token} if self._token else {}
        )
        socket.send(json.dumps(hello))
        self._told.connections += 1
        while not self._stop.is_set():
            try:
                said = json.loads(socket.recv(timeout=1))
            except TimeoutError:
                continue
            for frame in said if isinstance(said, list) else [said]:
                self._hear(frame)

    def _hear(self, frame: dict[str, Any]) -> None:
        with self._told.lock:
            if frame["type"] == "resync":
                self._told.resyncs.append(frame["reason"])
                self._told.pushed.append([])
            if frame["type"] == "video":
                self._told.pushed[-1].append(frame["video_id"])
        self._token = frame.get("token") or self._token
