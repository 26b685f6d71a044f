"""`python -m bench.feed_server FOLDER VIDEOS`: the API over tables in memory; says its port."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from pathlib import Path

import uvicorn
import uvloop

from infra.settings import Settings
from infra.stack.ports import free_port
from infra.storage.stores import media_store
from query_api.http.answers import PartAnswer
from query_api.http.app import create_app
from query_api.http.parts import Parts
from query_api.identity.identity import Identity
from query_api.projections.project import Place, project
from query_api.projects.desk import Desk
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel
from query_api.serving import Feed
from schemas import codec, ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, root
from schemas.values import Artifact, Format, Origin
from schemas.videos import VideoPublished
from schemas.works import Cost


class Encoder:
    """Stands for the log: every event is encoded as it would be, and dropped."""

    def send(self, envelope: Envelope[Message], topic: str | None = None) -> Future[None]:
        codec.encode(envelope, topic)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    async def publish(self, envelope: Envelope[Message], topic: str | None = None, *, timeout: float = 5.0) -> None:
        self.send(envelope, topic)


class Well:
    async def parts(self) -> list[PartAnswer]:
        return []


def video(number: int, ts_us: int) -> Envelope[VideoPublished]:
    """A published video."""

    def blob(suffix: str) -> Artifact:
        return Artifact(sha256=f"{number:064x}", suffix=suffix, media_type="x/y", size=1_000_000)

    data = VideoPublished(
        video_id=ids.video_id(f"bench-{number}"), ts_us=ts_us + number, title=f"Video {number}",
        subject=f"subject {number % 50}", archetype="list", flavor="default", origin=Origin.PERSON, video=blob("mp4"),
        cover=blob("jpg"), captions=blob("vtt"), duration_ms=16_000, format=Format.PORTRAIT, scene_count=4,
        cost=Cost(), total_cost=Cost(),
    )  # fmt: skip
    return root(data, source="/bench")


def main() -> None:
    """Serve until SIGTERM."""
    folder, videos = Path(sys.argv[1]), int(sys.argv[2])
    store, settings = MemoryStore(), Settings(data_dir=folder)
    for number in range(videos):
        store.write(project(video(number, now_us() - 10_000_000), Place("video-events", 0, number)))
    read, log = ReadModel(store), Encoder()
    media, feed = media_store(settings), Feed(read, log)
    parts = Parts(settings, read, log, feed, media, Well(), Identity(settings), Desk(read, log))
    port = free_port()
    config = uvicorn.Config(create_app(parts), port=port, log_config=None, access_log=False, server_header=False)
    print(port, flush=True)
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
