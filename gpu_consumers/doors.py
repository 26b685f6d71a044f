"""The doors of a worker, for supervisors: `/healthz` while it lives, `/readyz` once it takes scenes, `/metrics`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gpu_consumers.fitness import Fitness


@contextmanager
def opened(host: str, port: int, fitness: Fitness) -> Iterator[str]:
    """Answer at that port until the end; at none where it is 0. Yields the address."""
    if not port:
        yield ""
        return
    server = ThreadingHTTPServer((host, port), type("Doors", (_Doors,), {"fitness": fitness}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="doors", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Doors(BaseHTTPRequestHandler):
    fitness: Fitness
    timeout = 5  #: seconds that a client may take to ask

    def do_GET(self) -> None:
        if self.path == "/healthz":
            return self._say(200, {"alive": True})
        if self.path == "/readyz":
            ready = self.fitness.ready
            return self._say(200 if ready else 503, {"ready": ready, "why": self.fitness.why})
        if self.path == "/metrics":
            return self._send(200, CONTENT_TYPE_LATEST, generate_latest())
        return self._say(404, {})

    def _say(self, status: int, told: dict[str, object]) -> None:
        self._send(status, "application/json", json.dumps(told).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Probes come every few seconds."""
