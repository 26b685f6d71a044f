"""What the tests of replay share: histories of videos, and a publisher that keeps what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from producers.replay.history import History
from producers.replay.state import ReplayState
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.prompts import Changes, RevisionRequested
from schemas.replays import ReplayStarted, Selection
from schemas.works import Cost
from tests.unit.read_kit import life

NOW = 1_800_000_000_000_000


@dataclass
class Kept:
    """Keeps what is published."""

    sent: list[Envelope[Message]] = field(default_factory=list)

    def publish_all(self, envelopes: list[tuple[Envelope[Message], str | None]]) -> None:
        self.sent += [envelope for envelope, _ in envelopes]

    def of(self, kind: type[Message]) -> list[Any]:
        return [envelope.data for envelope in self.sent if isinstance(envelope.data, kind)]

    def names(self) -> list[str]:
        return [envelope.type for envelope in self.sent]


def video(number: int, end: str = "published", scenes: int = 2) -> History:
    """The history of a video; it cost 1.0 (see `read_kit.ending`), or a part of that where it was not finished."""
    history = History(ids.video_id(f"replay-{number}"))
    for event in life(history.video_id, NOW + number * 1000, scenes, end):
        history.learn(event.data)
    return history


def videos(count: int) -> list[History]:
    return [video(number) for number in range(count)]


def learn(histories: list[History], publisher: Kept) -> None:
    """What was asked for is in the log now."""
    known = {history.video_id: history for history in histories}
    for request in publisher.of(RevisionRequested):
        known[request.video_id].learn(request)


def started(count: int, **changes: Any) -> ReplayState:
    event = ReplayStarted(
        replay_id=ids.derive("test", "replay"), ts_us=NOW, operator="ann", reason="a test", selection=Selection(),
        regenerate=True, changes=Changes(voice="en-gb"), rate=10_000, records=count, videos=count, estimate=Cost(),
    )  # fmt: skip
    event = event.model_copy(update=changes)
    return ReplayState(started=event, budget=event.budget, last_us=NOW)
