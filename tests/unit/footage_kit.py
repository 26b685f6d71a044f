"""Images, clips and a stock library of one's own, with every fault that the real ones have."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from schemas.footage import Footage, FootageKind
from schemas.values import Artifact
from tests.unit.picture_kit import small_clip


def photo(width: int = 400, height: int = 300, kind: str = "JPEG") -> bytes:
    """A picture with a bright left and a dark right side."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (230, 180, 40)
    pixels[:, width // 2 :] = (20, 40, 90)
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, kind)
    return held.getvalue()


def clip(folder: Path, frames: int = 20) -> bytes:
    """A clip of 96 x 160 in which a square moves."""
    return small_clip(folder / "footage.mp4", frames).read_bytes()


def kept(folder: Path, data: bytes, suffix: str, **more: Any) -> tuple[Footage, dict[str, Path]]:
    """Footage of those bytes, and where they lie."""
    artifact = Artifact(sha256=hashlib.sha256(data).hexdigest(), suffix=suffix, media_type="image/jpeg", size=len(data))
    path = folder / artifact.name
    path.write_bytes(data)
    kind = FootageKind.CLIP if suffix == "mp4" else FootageKind.IMAGE
    return Footage(artifact=artifact, kind=kind, **more), {artifact.name: path}


class Library:
    """What the fake library does: `fault` for the searches, `file_fault` for the files."""

    def __init__(self, file: bytes) -> None:
        self.file, self.fault, self.file_fault = file, "", ""
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.failures = 10_000  #: so many answers are faulty, then all is well
        self.base = ""

    def faulty(self, fault: str) -> bool:
        """Whether this answer shall fail."""
        self.failures -= 1 if fault else 0
        return bool(fault) and self.failures >= 0


class _Handler(BaseHTTPRequestHandler):
    library: Library

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        words = {name: values[0] for name, values in parse_qs(place.query).items()}
        library = self.library
        library.asked.append((place.path, words, self.headers.get("Authorization", "")))
        if place.path.startswith("/files/"):
            return self._file(library.file_fault if library.faulty(library.file_fault) else "")
        fault = library.fault if library.faulty(library.fault) else ""
        if fault in ("429", "500", "401"):
            return self._send(int(fault), b"{}")
        if fault == "slow":
            time.sleep(2.2)
        if fault == "html":
            return self._send(200, b"<html>welcome</html>")
        if fault == "strange":
            return self._send(200, b'{"videos": [{"id": 1, "video_files": [{"x": 1}]}], "hits": [{}], "photos": [3]}')
        hits = [] if fault == "empty" else range(3)
        self._send(200, json.dumps(_answer(place.path, library.base, list(hits))).encode())

    def _file(self, fault: str) -> None:
        data = self.library.file
        if fault == "oversized":
            data = data[:16] + b"\0" * 3_000_000
        elif fault == "lies":
            return self._send(200, data[:16] + b"\0" * 3_000_000, length=None)
        elif fault == "page":
            data = b"<html>not found</html>" * 10
        elif fault == "playlist":
            data = b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/secret\n"
        elif fault == "404":
            return self._send(404, b"")
        elif fault == "corrupt":
            data = data[:40] + bytes(len(data) - 40)
        elif fault == "cut":
            return self._send(200, data[: len(data) // 2], length=len(data))
        self._send(200, data)

    def _send(self, status: int, body: bytes, length: int | None = -1) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _answer(path: str, base: str, numbers: list[int]) -> dict[str, Any]:
    if path == "/videos/search":
        return {"videos": [_pexels(base, n) for n in numbers]}
    if path == "/v1/search":
        photo_ = {"width": 4000, "height": 3000, "photographer": "Ada", "url": f"{base}/page"}
        return {"photos": [photo_ | {"id": n, "src": {"large2x": f"{base}/files/{n}"}} for n in numbers]}
    if path == "/api/videos/":
        sizes = {"large": {"url": f"{base}/files/l", "width": 3840, "height": 2160}, "tiny": {"url": "", "width": 0}}
        sizes["medium"] = {"url": f"{base}/files/m", "width": 1920, "height": 1080}
        return {"hits": [{"id": n, "pageURL": f"{base}/page", "user": "Bo", "videos": sizes} for n in numbers]}
    found = {"largeImageURL": f"{base}/files/i", "imageWidth": 1200, "imageHeight": 1900}
    return {"hits": [found | {"id": n, "pageURL": f"{base}/page", "user": "Bo"} for n in numbers]}


def _pexels(base: str, number: int) -> dict[str, Any]:
    sizes = ((360, 640), (1080, 1920), (2160, 3840))
    files = [{"link": f"{base}/files/{number}-{w}", "width": w, "height": h} for w, h in sizes]
    return {"id": number, "url": f"{base}/page", "duration": 9, "user": {"name": "Ada"}, "video_files": files}


@contextmanager
def stock_library(file: bytes) -> Iterator[Library]:
    """A library on this machine that speaks as Pexels and Pixabay do."""
    library = Library(file)
    handler = type("Handler", (_Handler,), {"library": library})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    library.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield library
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
