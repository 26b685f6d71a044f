"""What the tests of the read side share: the life of a video, a publisher without a broker, the app in memory."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.errors import UnavailableError
from infra.settings import Settings
from infra.storage.blobs import LocalBlobStore
from query_api.gateway import Gateway, Hub, Limits
from query_api.gateway.codes import Code
from query_api.gateway.server import Stream
from query_api.http.answers import PartAnswer
from query_api.http.app import create_app
from query_api.http.parts import Parts
from query_api.identity.identity import Identity
from query_api.projections.project import Place, project
from query_api.projects.desk import Desk
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel
from query_api.readmodel.store import Writer
from query_api.serving import Feed
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, caused_by, root
from schemas.projects import ProjectEvent
from schemas.prompts import PromptSubmitted
from schemas.scripts import Scene, Script
from schemas.values import Artifact, Format, Lane, Origin
from schemas.videos import (
    PromptAccepted,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    Stage,
    VideoFailed,
    VideoPublished,
    VideoWithdrawn,
)
from schemas.works import Cost

COST = Cost(cpu_seconds=1.0, wall_seconds=2.0, amount=0.5)


def blob(suffix: str) -> Artifact:
    return Artifact(sha256="ab" * 32, suffix=suffix, media_type="x/y", size=7)


def submitted(video: str, ts_us: int, **changes: Any) -> Envelope[PromptSubmitted]:
    data = PromptSubmitted(
        video_id=video, text="Why do cats purr?", origin=Origin.PERSON, lane=Lane.INTERACTIVE, ts_us=ts_us
    )
    return root(data.model_copy(update=changes), source="/test", event_id=ids.derive(video, "prompt"))


def published(video: str, ts_us: int, **changes: Any) -> Envelope[VideoPublished]:
    data = VideoPublished(
        video_id=video, ts_us=ts_us, title="Cats", subject="cats", archetype="list", flavor="default",
        origin=Origin.PERSON, video=blob("mp4"), cover=blob("jpg"), captions=blob("vtt"), duration_ms=16_000,
        format=Format.PORTRAIT, scene_count=2, cost=COST, total_cost=COST + COST,
    )  # fmt: skip
    return root(data.model_copy(update=changes), source="/test", event_id=ids.derive(video, f"published-{ts_us}"))


def life(video: str, ts_us: int, scenes: int = 2, end: str = "published") -> list[Envelope[Message]]:
    """Every event of a video, in order, each a microsecond after the one before it."""
    first = submitted(video, ts_us)
    data: list[Message] = [
        PromptAccepted(
            video_id=video, ts_us=0, text=first.data.text, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor="default"
        ),
        ScriptWritten(
            video_id=video, ts_us=0, script=script(scenes), writer="templates", origin=Origin.PERSON,
            lane=Lane.INTERACTIVE, flavor="default", cost=COST,
        ),
    ]  # fmt: skip
    for number in range(1, scenes + 1):
        data += scene(video, number, scenes)
    data += ending(video, end)
    stamped = [one.model_copy(update={"ts_us": ts_us + 1 + index}) for index, one in enumerate(data)]
    return [first, *(caused_by(first, one, source="/test", step=f"{one.TYPE}-{one.ts_us}") for one in stamped)]  # type: ignore[attr-defined]


def script(scenes: int) -> Script:
    return Script(
        title="Cats", subject="cats", archetype="list",
        scenes=tuple(
            Scene(scene_number=n, beat="hook", narration="Cats purr.", visuals="a cat", duration_s=4)
            for n in range(1, scenes + 1)
        ),
    )  # fmt: skip


def scene(video: str, number: int, scenes: int) -> list[Message]:
    common: dict[str, Any] = {
        "video_id": video, "ts_us": 0, "scene_id": ids.scene_id(video, 1, number), "scene_number": number,
        "words": (), "duration_ms": 4000, "cost": COST,
    }  # fmt: skip
    return [
        SceneVoiced(voice="en", audio=None, **common),
        SceneRendered(
            scene_count=scenes, clip=blob("mp4"), audio=None, backend="procedural", model="procedural", look="mesh",
            seed=1, code="0", **common,
        ),
    ]  # fmt: skip


def ending(video: str, end: str) -> list[Message]:
    failed = VideoFailed(
        video_id=video, ts_us=0, stage=Stage.SCENE, error="RenderError", reason="no paint left", origin=Origin.PERSON
    )
    gone = VideoWithdrawn(video_id=video, ts_us=0, reason="asked for", by="operator")
    shown = published(video, 0).data
    return {"published": [shown], "failed": [failed], "withdrawn": [shown, gone], "none": []}[end]


def apply(writer: Writer, events: Sequence[Envelope[Message]]) -> None:
    """Project events, one after the other, as the records of one partition."""
    for offset, event in enumerate(events):
        writer.write(project(event, Place(event.data.FAMILY, 0, offset)))


@dataclass
class FakePublisher:
    """Keeps what is published. `down` says that the broker is away, `fails` how many more records are refused."""

    sent: list[Envelope[Message]] = field(default_factory=list)
    down: bool = False
    tables: Writer | None = None

    def send(self, envelope: Envelope[Message], topic: str | None = None) -> Future[None]:
        if self.down:
            raise UnavailableError("the broker is away")
        self.sent.append(envelope)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    async def publish(self, envelope: Envelope[Message], topic: str | None = None, *, timeout: float = 5.0) -> None:
        self.send(envelope, topic)
        # What the API waits to see in the tables.
        if self.tables is not None and isinstance(envelope.data, ProjectEvent):
            self.tables.write(project(envelope, Place("project-events", 0, len(self.sent))))

    def of(self, kind: type[Message]) -> list[Any]:
        return [envelope.data for envelope in self.sent if isinstance(envelope.data, kind)]


class DownStore(MemoryStore):
    """A store that can be taken away."""

    down = False

    async def fetch(self, query: str, values: Any) -> Any:
        if self.down:
            raise UnavailableError("the store is away")
        return await super().fetch(query, values)


class FakeHealth:
    def __init__(self) -> None:
        self.found = [PartAnswer(name="kafka", ok=True, detail="answers")]

    async def parts(self) -> list[PartAnswer]:
        return self.found


class BriefGateway(Gateway):
    """Lets a client in, greets it and sends it away: for tests that read whole answers."""

    async def stream(self, *asked: Any) -> Stream:
        found = await super().stream(*asked)
        found.sink.end(Code.GOING_AWAY, "that was all")
        return found


class Api:
    """The app over a store in memory. An async context manager; `get`, `post` … are those of httpx."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.store, self.health = DownStore(), FakeHealth()
        self.publisher = FakePublisher(tables=self.store)
        self.media = LocalBlobStore(folder / "media")
        read = ReadModel(self.store)
        settings = Settings(data_dir=folder, **changes)
        self.identity = Identity(settings)
        feed = Feed(read, self.publisher)
        self.parts = Parts(
            settings, read, self.publisher, feed, self.media, self.health, self.identity, Desk(read, self.publisher),
            gateway=BriefGateway(Hub(limits=Limits(ahead_s=0.0))),
        )  # fmt: skip
        self.app = create_app(self.parts)
        # Errors of ours are answered, not raised: as a server does it.
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self.get, self.post, self.request = self.client.get, self.client.post, self.client.request

    def restart(self) -> None:
        """Forget everything that a process keeps in memory."""
        self.parts.feed = Feed(self.parts.read, self.publisher)
        self.parts.prompts, self.parts.topics = type(self.parts.prompts)(100), type(self.parts.topics)(100)

    def publish(self, count: int, **changes: Any) -> list[str]:
        """Put published videos into the read model, the newest last; their ids."""
        start = now_us() - 1_000_000
        videos = [ids.video_id(f"{changes}-{number}") for number in range(count)]
        apply(self.store, [published(video, start + number, **changes) for number, video in enumerate(videos)])
        return videos
