"""A small HTTP service on loopback that answers like a model service, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What the service says; `wait_s` before it does, `drip_s` between the bytes of the body."""

    body: bytes = b""
    status: int = 200
    wait_s: float = 0.0
    drip_s: float = 0.0
    cut: bool = False  #: announce more bytes than come


@dataclass
class FakeService:
    """Its address, and the requests it got."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def service(*answers: Answer | Callable[[dict[str, Any]], Answer]) -> Iterator[FakeService]:
    """A service that gives these answers in turn, and the last one for ever."""
    stop, turn = threading.Event(), iter(range(10_000))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.requests.append(body)
            fake.headers.append(dict(self.headers))
            fake.paths.append(self.path)
            chosen = answers[min(next(turn), len(answers) - 1)]
            self._say(chosen(body) if callable(chosen) else chosen)

        def _say(self, answer: Answer) -> None:
            stop.wait(answer.wait_s)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body) + 1000 * answer.cut))
            self.end_headers()
            for byte in [answer.body] if not answer.drip_s else [bytes([b]) for b in answer.body]:
                if stop.wait(answer.drip_s):
                    return
                self.wfile.write(byte)
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Silence."""

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # the client has gone, as some tests want it to
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeService(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
