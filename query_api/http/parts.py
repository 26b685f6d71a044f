"""What the routes work with; made once per process and handed to `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from infra.auth.keys import derived, root_key
from infra.settings import Settings
from query_api.caches import Lru
from query_api.cursors import Cursors
from query_api.figures import Tally
from query_api.gateway import Gateway
from query_api.http.answers import PartAnswer
from query_api.http.figure_answers import Figures
from query_api.http.limiter import Limiter
from query_api.http.media_urls import MediaUrls
from query_api.identity.identity import Identity
from query_api.projects.desk import Desk
from query_api.readmodel.model import ReadModel
from query_api.serving import Feed, Publisher
from query_api.uploads.owned import Recent
from query_api.uploads.receive import Prober
from query_api.uploads.room import Room
from schemas.envelope import Envelope
from schemas.prompts import PromptSubmitted
from schemas.values import Artifact

T = TypeVar("T")
#: Requests that ask the media store at once.
AT_A_TIME = 32


class Media(Protocol):
    """The part of a blob store that the API uses."""

    def path(self, name: str) -> Path: ...

    def put_file(self, source: Path, suffix: str) -> Artifact: ...


class Health(Protocol):
    """Says which parts answer."""

    async def parts(self) -> list[PartAnswer]: ...


@dataclass
class Parts:
    """Everything that a request may need."""

    settings: Settings
    read: ReadModel
    publisher: Publisher
    feed: Feed
    media: Media
    health: Health
    identity: Identity
    desk: Desk
    #: Prompts of this process by video: answers what the read model does not know yet, and repeats them unchanged.
    prompts: Lru[str, Envelope[PromptSubmitted]] = field(default_factory=lambda: Lru(5_000))
    uploads: Recent = field(default_factory=lambda: Lru(2_000))
    prober: Prober = field(default_factory=Prober)
    room: Room = field(default_factory=Room)
    #: None while nothing is told of what happens: `GET /v1/live` is a 503 then.
    gateway: Gateway | None = None
    figures: Figures = field(default_factory=lambda: Figures(Tally(), dict))
    urls: MediaUrls = field(init=False)
    cursors: Cursors = field(init=False)
    limiter: Limiter = field(init=False)
    #: (subject, archetype) of videos that were swiped.
    topics: Lru[str, tuple[str, str]] = field(default_factory=lambda: Lru(20_000))
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_A_TIME))

    def __post_init__(self) -> None:
        self.urls = MediaUrls.of(self.settings)
        self.cursors = Cursors(derived(root_key(self.settings), "cursor"))
        self.limiter = Limiter(self.settings)

    async def in_store(self, ask: Callable[..., T], *asked: object) -> T:
        """Ask the media store beside the event loop.

        It may be far away. Its threads are its own: nothing else waits for one.
        """
        return await to_thread.run_sync(ask, *asked, limiter=self.threads)


async def _parts(request: Request) -> Parts:
    # Async, although it waits for nothing: FastAPI would run it in a thread otherwise.
    parts: Parts = request.app.state.parts
    return parts


Needs = Annotated[Parts, Depends(_parts)]
