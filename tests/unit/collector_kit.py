"""A collector on loopback that takes spans as OpenTelemetry's own do: protobuf over HTTP."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Taken:
    """What came. `status` is answered from now on; `refused` counts what that kept away."""

    endpoint: str
    status: int = 200
    refused: int = 0
    spans: list[Span] = field(default_factory=list)
    services: dict[bytes, str] = field(default_factory=dict)  #: by the id of a span
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int, timeout: float = 60) -> list[Span]:
        """The spans, as soon as there are so many."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.spans) >= count, timeout), f"{len(self.spans)} of {count} came"
            return list(self.spans)


@contextmanager
def collector() -> Iterator[Taken]:
    """One that listens until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
            with taken.came:
                if taken.status == 200 and self.path == "/v1/traces":
                    _keep(taken, ExportTraceServiceRequest.FromString(body))
                else:
                    taken.refused += 1
                taken.came.notify_all()
            self.send_response(taken.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Taken(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _keep(taken: Taken, asked: ExportTraceServiceRequest) -> None:
    for each in asked.resource_spans:
        service = next(pair.value.string_value for pair in each.resource.attributes if pair.key == "service.name")
        for scope in each.scope_spans:
            taken.spans += scope.spans
            taken.services |= dict.fromkeys((span.span_id for span in scope.spans), service)
