"""A small server for the page: the real gateway and hub, a feed in memory, real H.264 videos.

Runs in a thread of its own, so that a browser driven by the test can talk to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from PIL import Image, ImageDraw, ImageFont

from query_api.cards import card
from query_api.gateway import Gateway, Hub, Limits
from query_api.http.guard import Guard
from query_api.http.page import files_of
from schemas import base, ids
from schemas.progress import RenderProgress
from schemas.values import Artifact, Format, Origin
from schemas.videos import VideoPublished
from schemas.works import Cost
from tests.unit.gateway_kit import batch, received

T = TypeVar("T")
WIDTH, HEIGHT, FPS = 360, 640, 15
TITLES = [
    "Why do cats purr?", "The deepest lake on Earth", "How a violin sings", "A day on Mars in thirty seconds",
    "What lightning does to sand", "The clock that loses one second in 300 million years", "Where sea glass comes from",
    "How birds sleep in flight", "The sound of a glacier", "Why bread smells like home", "The island of foxes",
    "A street that only exists at low tide",
]  # fmt: skip

_FONT = ImageFont.load_default(size=110)


def make_video(
    folder: Path, number: int, seconds: float = 4.0, size: tuple[int, int] = (WIDTH, HEIGHT), fps: int = FPS
) -> tuple[Artifact, Artifact]:
    """(video, cover): a short clip in H.264 and AAC that differs by number, stored under its hash."""
    path = folder / f"{number}.mp4"
    frames = [_picture(number, index / (seconds * fps), size) for index in range(int(seconds * fps))]
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("h264", rate=fps, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        sound = out.add_stream("aac", rate=48_000, layout="mono")
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode())
        for block in _tone(number, seconds):
            out.mux(sound.encode(block))
        out.mux(sound.encode())
    cover = folder / f"{number}.jpg"
    Image.fromarray(frames[0]).save(cover, quality=82)
    return _stored(path, "mp4", "video/mp4"), _stored(cover, "jpg", "image/jpeg")


def _picture(number: int, t: float, size: tuple[int, int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    width, height = size
    y, x = np.mgrid[0 : height // 8, 0 : width // 8]
    waves = np.sin(x / 8 + t * 6 + number) + np.cos(y / 11 - t * 5) + np.sin((x + y) / 15 + t * 3)
    tints = [np.cos(2 * np.pi * (number * 0.61803 + part / 3) + waves * 0.5) for part in range(3)]
    small = Image.fromarray(np.stack([(60 + 60 * (1 + tint)).astype(np.uint8) for tint in tints], axis=2))
    picture = small.resize(size, Image.Resampling.BILINEAR)
    ImageDraw.Draw(picture).text((width / 2, height * 0.42), str(number), font=_FONT, fill="white", anchor="mm")
    return np.asarray(picture)


def _tone(number: int, seconds: float) -> Iterator[av.AudioFrame]:
    samples = (np.sin(np.arange(int(seconds * 48_000)) * 2 * np.pi * (200 + 40 * number) / 48_000) * 3000).astype(
        np.int16
    )
    for start in range(0, len(samples) - 1023, 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        yield frame


def make_captions(folder: Path) -> Artifact:
    """One cue for the whole clip, stored under its hash."""
    path = folder / "captions.vtt"
    path.write_text("WEBVTT\n\n00:00.000 --> 00:04.000\nA small wonder\n")
    return _stored(path, "vtt", "text/vtt")


def _stored(path: Path, suffix: str, media_type: str) -> Artifact:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    final = path.rename(path.with_name(f"{digest}.{suffix}"))
    return Artifact(sha256=digest, suffix=suffix, media_type=media_type, size=final.stat().st_size)


@dataclass
class PageServer:
    """`url` is the page. What happens on the log is said by `publish` and `tell`; what the page sent is kept."""

    folder: Path
    clips: list[tuple[Artifact, Artifact]]
    feed: list[dict[str, Any]] = field(default_factory=list)
    swipes: list[dict[str, Any]] = field(default_factory=list)
    reports: list[tuple[str, str]] = field(default_factory=list)
    prompts: list[dict[str, Any]] = field(default_factory=list)
    #: Status with which the API answers everything; 0: as it should.
    broken: int = 0
    url: str = ""
    served: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._offset = 0
        self._gateway_port = 0
        self._gateway: Gateway | None = None
        self._hub = self._new_hub()

    @staticmethod
    def _new_hub() -> Hub:
        hub = Hub(limits=Limits(drain_s=0.05, evict_s=1, beat_s=1))
        hub.take(batch(positions={0: 0}))
        return hub

    def event(self, number: int, *, origin: Origin = Origin.STARTER, viewer: str | None = None) -> VideoPublished:
        """A published video that can be played."""
        video, cover = self.clips[number % len(self.clips)]
        return VideoPublished(
            video_id=ids.video_id(f"page-{number}"), ts_us=base.now_us(), title=TITLES[number % len(TITLES)],
            subject="small wonders", archetype="explainer", flavor="default", origin=origin, viewer_id=viewer,
            video=video, cover=cover, captions=make_captions(self.folder), duration_ms=4000, format=Format.PORTRAIT,
            scene_count=3, cost=Cost(), total_cost=Cost(),
        )  # fmt: skip

    def fill(self, count: int, first: int = 0) -> None:
        """Put videos into the feed, silently."""
        reasons = ["made_for_you", "interest", "fresh", "explore"]
        self.feed += [
            card(self.event(number)).model_copy(update={"reason": reasons[number % 4]}).model_dump(mode="json")
            for number in range(first, first + count)
        ]

    def tell(self, *events: base.Message) -> None:
        """Append events to the log."""
        self.run(self._tell(events))

    async def _tell(self, events: tuple[base.Message, ...]) -> None:
        for event in events:
            now = int(datetime.now(UTC).timestamp() * 1000)
            durable = not isinstance(event, RenderProgress)
            self._hub.take(batch([received(event, self._offset, timestamp_ms=now)]))
            self._offset += durable

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 20) -> T:
        """Do something on the server's loop."""
        done: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(timeout)

    def stop_gateway(self) -> None:
        """The gateway goes away."""
        self.run(self._stop_gateway())

    async def _stop_gateway(self) -> None:
        if self._gateway is not None:
            await self._gateway.drain()
            await self._gateway.__aexit__()
            self._gateway = None

    def start_gateway(self) -> None:
        """The gateway is back, at the same address."""
        self.run(self._start_gateway())

    async def _start_gateway(self) -> None:
        self._gateway = Gateway(self._hub)
        await self._gateway.listen("127.0.0.1", self._gateway_port)
        self._gateway_port = self._gateway.port

    def app(self) -> FastAPI:
        """The part of the API that the page uses."""
        app = FastAPI()
        app.add_middleware(Guard)  # the real content security policy

        @app.middleware("http")
        async def fail(request: Request, call_next: Any) -> Response:
            if self.broken and request.url.path.startswith("/v1"):
                body = {"title": "Service Unavailable", "status": self.broken, "detail": "Kafka does not answer."}
                return JSONResponse(body, self.broken, media_type="application/problem+json")
            self.served.append(request.url.path)
            response: Response = await call_next(request)
            return response

        @app.get("/config.json")
        def config() -> dict[str, str]:
            return {"gateway": f"ws://127.0.0.1:{self._gateway_port}/"}

        @app.get("/v1/feed")
        def feed(viewer: str, limit: int, cursor: str = "0") -> dict[str, Any]:
            start = int(cursor)
            return {"items": self.feed[start : start + limit], "cursor": str(min(len(self.feed), start + limit))}

        @app.get("/v1/flavors")
        def flavors() -> dict[str, Any]:
            kinds = ["explainer", "listicle", "story"]
            return {
                "flavors": [
                    {"name": "default", "title": "House style", "prompt_characters": 500, "archetypes": kinds},
                    {"name": "night-neon", "title": "Night neon", "prompt_characters": 500, "archetypes": kinds[:1]},
                ]
            }

        @app.get("/v1/videos/{video_id}")
        def video(video_id: str) -> Any:
            found = [item for item in self.feed if item["video_id"] == video_id]
            if found:
                return {"video_id": video_id, "status": "published", "card": found[0]}
            problem = {"title": "Not Found", "status": 404, "detail": f"There is no video {video_id}."}
            return JSONResponse(problem, 404, media_type="application/problem+json")

        @app.post("/v1/swipes", status_code=202)
        async def swipes(request: Request) -> dict[str, int]:
            body = await request.json()
            self.swipes += [{**swipe, "viewer_id": body["viewer_id"]} for swipe in body["swipes"]]
            return {"accepted": len(body["swipes"])}

        @app.post("/v1/videos/{video_id}/report", status_code=202)
        async def report(video_id: str, request: Request) -> Response:
            self.reports.append((video_id, (await request.json())["reason"]))
            return Response(status_code=202)

        @app.post("/v1/prompts", status_code=202)
        async def prompts(request: Request) -> Any:
            body = await request.json()
            if "forbidden" in body["text"]:
                problem = {
                    "title": "Bad",
                    "status": 422,
                    "errors": [{"pointer": "#/text", "detail": "That is not allowed."}],
                }
                return JSONResponse(problem, 422, media_type="application/problem+json")
            self.prompts.append(body)
            return {"video_id": ids.video_id(f"page-{100 + len(self.prompts)}"), "status": "submitted", "links": {}}

        @app.get("/media/{name}")
        def media(name: str) -> FileResponse:
            return FileResponse(self.folder / name, headers={"Cache-Control": "public, max-age=31536000, immutable"})

        app.mount("/", files_of())
        return app

    async def _serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        hub = asyncio.create_task(self._hub.run())
        await self._start_gateway()
        server = uvicorn.Server(uvicorn.Config(self.app(), port=0, log_level="warning", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  # uvicorn tells nobody
            await asyncio.sleep(0.01)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
        ready.set()
        await stop.wait()
        server.should_exit = True
        await serving
        await self._stop_gateway()
        hub.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await hub

    @contextlib.contextmanager
    def serving(self) -> Iterator[PageServer]:
        """Serve until the block ends."""
        ready, stop = threading.Event(), asyncio.Event()
        thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(ready, stop)), daemon=True)
        thread.start()
        try:
            if not ready.wait(20):
                raise TimeoutError("the page server did not start")
            yield self
        finally:
            self._loop.call_soon_threadsafe(stop.set)
            thread.join(20)
            self._loop.close()


def make_clips(
    folder: Path, count: int = 8, size: tuple[int, int] = (WIDTH, HEIGHT), fps: int = FPS
) -> list[tuple[Artifact, Artifact]]:
    """Clips for a server; making small ones takes about a second."""
    folder.mkdir(parents=True, exist_ok=True)
    return [make_video(folder, number, size=size, fps=fps) for number in range(count)]
