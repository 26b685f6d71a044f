"""A server that speaks S3, on loopback: moto's, in a thread of this process; and one before it that makes trouble."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

ACCESS = {"MEDIA_ACCESS_KEY": "AKIAIOSFODNN7EXAMPLE", "MEDIA_SECRET_KEY": "not-so-secret"}
#: Which status a request gets in place of an answer, by its method and address; None: it is answered.
Trouble = Callable[[str, str], int | None]


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of a server with the empty bucket `media`."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        httpx.put(f"{address}/media").raise_for_status()
        yield address
    finally:
        server.stop()


def named(address: str, prefix: str = "") -> dict[str, str]:
    """The settings that name that bucket, in capitals."""
    place = f"s3://media/{prefix}" if prefix else "s3://media"
    return {"MEDIA": place, "MEDIA_ENDPOINT": address, "MEDIA_REGION": "us-east-1", **ACCESS}


@contextmanager
def troubled(address: str, trouble: Trouble) -> Iterator[str]:
    """The address of a server that hands on what it is asked, but for what `trouble` says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, said = self.asked(body)
            self.send_response(status)
            for name in ("etag", "last-modified", "content-type", "content-range"):
                if name in headers:
                    self.send_header(name, headers[name])
            self.send_header("content-length", headers["content-length"])
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said)

        def asked(self, body: bytes) -> tuple[int, httpx.Headers, bytes]:
            if status := trouble(self.command, self.path):
                return status, httpx.Headers({"content-length": "0"}), b""
            headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
            found = httpx.request(self.command, address + self.path, headers=headers, content=body)
            return found.status_code, found.headers, found.content

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
