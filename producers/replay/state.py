"""Where a replay stands: the fold of its own events. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from schemas.replays import (
    ReplayCancelled,
    ReplayEvent,
    ReplayFinished,
    ReplayPaused,
    ReplayProgressed,
    ReplayResumed,
    ReplayStarted,
)
from schemas.works import Cost


class Status(StrEnum):
    """What a replay does."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class ReplayState:
    """One replay. `why` is of the last pause or of the end."""

    started: ReplayStarted
    status: Status = Status.RUNNING
    requested: int = 0
    skipped: int = 0
    committed: Cost = field(default_factory=Cost)
    budget: float | None = None
    why: str = ""
    last_us: int = 0

    @property
    def ended(self) -> bool:
        """Whether it will never go on."""
        return self.status in (Status.CANCELLED, Status.FINISHED)

    def as_json(self) -> dict[str, Any]:
        """For people and scripts."""
        started = self.started
        return {
            "replay_id": started.replay_id,
            "status": self.status.value,
            "operator": started.operator,
            "reason": started.reason,
            "regenerate": started.regenerate,
            "changes": started.changes.model_dump(exclude_none=True),
            "selection": started.selection.model_dump(exclude_none=True, exclude_defaults=True),
            "records": started.records,
            "videos": started.videos,
            "requested": self.requested,
            "skipped": self.skipped,
            "rate": started.rate,
            "budget": self.budget,
            "estimate": started.estimate.model_dump(),
            "committed": self.committed.model_dump(),
            "why": self.why,
        }


def fold(events: Iterable[ReplayEvent]) -> ReplayState | None:
    """The state after these events of one replay, in whatever order they come; None before its start is among them."""
    state: ReplayState | None = None
    for event in sorted(events, key=lambda one: one.ts_us):
        if isinstance(event, ReplayStarted):
            state = state or ReplayState(started=event, budget=event.budget, last_us=event.ts_us)
        elif state is not None:
            state = replace(after(state, event), last_us=max(state.last_us, event.ts_us))
    return state


def after(state: ReplayState, event: ReplayEvent) -> ReplayState:
    """The state after one more event. What has ended stays ended."""
    match event:
        case ReplayFinished():
            counts = replace(state, requested=event.requested, skipped=event.skipped, committed=event.committed)
            return counts if state.ended else replace(counts, status=Status.FINISHED)
        case ReplayProgressed():
            return replace(state, requested=event.requested, skipped=event.skipped, committed=event.committed)
        case _ if state.ended:
            return state
        case ReplayPaused():
            return replace(state, status=Status.PAUSED, why=event.why)
        case ReplayResumed():
            budget = state.budget if event.budget is None else event.budget
            return replace(state, status=Status.RUNNING, budget=budget, why="")
        case ReplayCancelled():
            return replace(state, status=Status.CANCELLED, why=event.why)
        case _:
            return state
