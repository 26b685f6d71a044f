"""A provider of one's own that speaks as Runway, Replicate and fal do, with every fault that the real ones have."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from gpu_consumers.hosted.manifest import Hosted, Offer
from gpu_consumers.hosted.orders import Order
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from schemas.values import Artifact

APIS = ("runway", "replicate", "fal")


@dataclass
class Provider:
    """What it does: `faults` of each kind of request are used up one by one, then all is well."""

    clip: bytes
    polls: int = 2  #: a job is done when it has been asked after so often
    failure: str = ""
    base: str = ""
    watch: str = ""  #: in place of the address that tells of a job
    keyed: str = ""  #: the header by which it knows requests again
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  #: (kind, path, authorization)
    hold: threading.Event = field(default_factory=threading.Event)  #: what `hang` waits for
    seen: threading.Event = field(default_factory=threading.Event)  #: set when something hangs

    def fault(self, kind: str) -> str:
        """The next one of that kind of request."""
        waiting = self.faults[kind]
        return waiting.pop(0) if waiting else ""

    def count(self, kind: str) -> int:
        """How many requests of a kind came."""
        return sum(one == kind for one, _, _ in self.asked)

    def take(self, arguments: dict[str, Any], key: str) -> str:
        """A job, or the one that the key is known for."""
        for name, job in self.jobs.items():
            if key and job["key"] == key:
                return name
        name = f"job-{len(self.jobs) + 1}"
        made = datetime.now(UTC).isoformat()
        self.jobs[name] = {"arguments": arguments, "key": key, "polls": 0, "created_at": made}
        return name


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_POST(self) -> None:
        provider, body = self.provider, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        provider.asked.append(("create", self.path, self.headers.get("Authorization", "")))
        fault = provider.fault("create")
        if fault in ("429", "503", "401", "422", "500"):
            return self._send(int(fault), b'{"error": "as asked"}', {"Retry-After": "7"} if fault == "429" else {})
        arguments = {name: value for name, value in body.get("input", body).items() if name != "model"}
        job = provider.take(arguments, self.headers.get(provider.keyed, "") if provider.keyed else "")
        if fault == "taken-500":
            return self._send(500, b"{}")
        if fault == "hang":
            provider.seen.set()
            provider.hold.wait(30)
            return None
        self._json(self._made(job))
        return None

    def _made(self, job: str) -> dict[str, Any]:
        base = self.provider.base
        if self.path.startswith("/v1/text_to_video"):
            return {"id": job}
        if self.path.startswith("/v1/"):
            return {"id": job, "status": "starting", "urls": {"get": self._watch(f"{base}/v1/predictions/{job}")}}
        place = f"{base}/owner/app/requests/{job}"
        return {"request_id": job, "status_url": self._watch(f"{place}/status"), "response_url": place}

    def _watch(self, address: str) -> str:
        return self.provider.watch or address

    def do_GET(self) -> None:
        provider = self.provider
        if self.path == "/file":
            return self._file()
        if self.path == "/v1/predictions":
            return self._list()
        job = next((name for name in provider.jobs if name in self.path.split("/")), None)
        if self.path.startswith("/owner/app/requests/") and not self.path.endswith("/status"):
            return self._json({"video": {"url": f"{provider.base}/file", "content_type": "video/mp4"}})
        provider.asked.append(("status", self.path, self.headers.get("Authorization", "")))
        fault = provider.fault("status")
        if fault in ("429", "500", "404"):
            return self._send(int(fault), b"{}", {"Retry-After": "11"} if fault == "429" else {})
        if fault == "hang":
            provider.seen.set()
            provider.hold.wait(30)
            return None
        if job is None:
            return self._send(404, b"{}")
        return self._tell(job)

    def _tell(self, job: str) -> None:
        provider = self.provider
        provider.jobs[job]["polls"] += 1
        done, failed = provider.jobs[job]["polls"] >= provider.polls, provider.failure
        file = f"{provider.base}/file"
        if "/tasks/" in self.path:
            ended = {"status": "FAILED", "failure": failed} if failed else {"status": "SUCCEEDED", "output": [file]}
            return self._json({"id": job, **(ended if done else {"status": "RUNNING", "progress": 0.5})})
        if "/predictions/" in self.path:
            ended = {"status": "failed", "error": failed} if failed else {"status": "succeeded", "output": file}
            return self._json({"id": job, **(ended if done else {"status": "processing"})})
        ended = {"error": failed, "error_type": "model_error"} if failed else {}
        return self._json({"status": "COMPLETED", **ended} if done else {"status": "IN_PROGRESS"})

    def _list(self) -> None:
        self.provider.asked.append(("list", self.path, self.headers.get("Authorization", "")))
        old = {"id": "old", "input": {}, "created_at": "2026-01-01T00:00:00Z"}
        listed = [
            {"id": name, "input": job["arguments"], "created_at": job["created_at"]}
            for name, job in reversed(self.provider.jobs.items())
        ]  # fmt: skip
        self._json({"results": [*listed, old]})

    def _file(self) -> None:
        provider, data = self.provider, self.provider.clip
        provider.asked.append(("file", self.path, self.headers.get("Authorization", "")))
        fault = provider.fault("file")
        if fault == "cut":
            return self._send(200, data[: len(data) // 2], length=len(data))
        if fault == "page":
            data = b"<html>it has expired</html>"
        self._send(500 if fault == "500" else 200, data)

    def _json(self, found: dict[str, Any]) -> None:
        self._send(200, json.dumps(found).encode())

    def _send(self, status: int, body: bytes, more: dict[str, str] | None = None, length: int = -1) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body) if length < 0 else length), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # the client was killed, as some tests want it to
            self.close_connection = True


@contextmanager
def provider_of(clip: bytes) -> Iterator[Provider]:
    """A provider on this machine."""
    provider = Provider(clip)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": provider}))
    server.daemon_threads = True
    provider.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def manifest_of(api: str, provider: Provider, **changes: Any) -> Hosted:
    """A manifest for it."""
    given: dict[str, Any] = {
        "name": "hosted", "api": api, "url": provider.base, "model": "owner/app" if api != "runway" else "gen",
        "offers": (Offer(seconds=4, price=0.4), Offer(seconds=8, price=0.8)), "key_env": "HOSTED_TEST_KEY",
    }  # fmt: skip
    return Hosted(**given | changes)


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self, now: float) -> None:
        self.now, self.waits = now, list[float]()

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class ListDesk:
    """A desk whose log is a list; clips are kept in a real media store."""

    def __init__(self, folder: Path) -> None:
        self.blobs, self.index = LocalBlobStore(folder / "media"), LocalArtifactIndex(folder / "index")
        self.log: list[Order] = []
        self.polled_before: list[int] = []
        self.provider: Provider | None = None

    def kept(self, order: str) -> Artifact | None:
        found = self.index.get(order)
        return Artifact.model_validate(found) if found else None

    def keep(self, order: str, clip: Path, suffix: str) -> Artifact:
        made = self.blobs.put_file(clip, suffix)
        self.index.put(order, made.model_dump())
        return made

    def tell(self, order: Order) -> None:
        self.log.append(order)
        if self.provider:
            self.polled_before.append(self.provider.count("status"))

    def recall(self, order: str) -> Order | None:
        found = [one for one in self.log if one.key == order]
        return found[-1].model_copy(update={"told": True}) if found else None
