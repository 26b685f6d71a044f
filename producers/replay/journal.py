"""Replays as the topic `replays` tells of them, and their next events."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol

from infra.contracts.slices import Slice
from infra.kafka.producer import EventProducer
from producers.replay.errors import ReplayEndedError, UnknownReplayError
from producers.replay.log import readable
from producers.replay.state import ReplayState, fold
from schemas import base
from schemas.base import Message
from schemas.envelope import Envelope, caused_by, root
from schemas.replays import ReplayCancelled, ReplayEvent, ReplayPaused, ReplayResumed, ReplayStarted

TOPIC = "replays"
SOURCE = "/replay"


class Publisher(Protocol):
    """What takes events: the producer, or a list in tests."""

    def publish_all(self, envelopes: list[tuple[Envelope[Message], str | None]]) -> None: ...


@dataclass(frozen=True)
class Told:
    """A publisher over the real producer."""

    producer: EventProducer

    def publish_all(self, envelopes: list[tuple[Envelope[Message], str | None]]) -> None:
        """Returns when the broker has every one. Raises UnavailableError."""
        self.producer.publish_all(envelopes)


def states(bootstrap: str) -> list[ReplayState]:
    """Every replay, the newest first. Raises UnavailableError."""
    events: defaultdict[str, list[ReplayEvent]] = defaultdict(list)
    with Slice(bootstrap, TOPIC) as records:
        for received in readable(iter(records)):
            event = received.envelope.data
            if isinstance(event, ReplayEvent):
                events[event.replay_id].append(event)
    found = [state for history in events.values() if (state := fold(history))]
    return sorted(found, key=lambda state: -state.started.ts_us)


def find(bootstrap: str, replay_id: str) -> ReplayState:
    """One replay; the beginning of its id is enough where only one begins so. Raises UnknownReplayError."""
    found = [state for state in states(bootstrap) if replay_id and state.started.replay_id.startswith(replay_id)]
    if len(found) != 1:
        what = "no replay" if not found else f"{len(found)} replays"
        raise UnknownReplayError(f"There is {what} {replay_id}.", hint="See `swipestream replay status`.")
    return found[0]


def beginning(started: ReplayStarted) -> Envelope[Message]:
    """The first event. Its id is the replay's own, so the results of the replay correlate with it."""
    return root(started, source=SOURCE, event_id=started.replay_id)


def told(state: ReplayState, event: ReplayEvent) -> Envelope[Message]:
    """A later event of a replay."""
    return caused_by(beginning(state.started), event, source=SOURCE, step=f"{event.TYPE}-{event.ts_us}")


def order(state: ReplayState, kind: type[ReplayPaused] | type[ReplayCancelled], by: str, why: str) -> ReplayEvent:
    """Pause or cancel it. Raises ReplayEndedError."""
    if state.ended:
        raise ReplayEndedError(f"Replay {state.started.replay_id} is {state.status.value}.")
    return kind(replay_id=state.started.replay_id, ts_us=base.rising(state.last_us), by=by, why=why)


def resumed(state: ReplayState, by: str, budget: float | None) -> ReplayEvent:
    """Let it go on. Raises ReplayEndedError."""
    if state.ended:
        raise ReplayEndedError(f"Replay {state.started.replay_id} is {state.status.value}.")
    return ReplayResumed(replay_id=state.started.replay_id, ts_us=base.rising(state.last_us), by=by, budget=budget)
