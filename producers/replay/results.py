"""What became of the revisions that a replay asked for."""

from __future__ import annotations

from typing import Any

from infra.contracts.slices import Slice
from producers.replay.history import History, Revision
from producers.replay.log import histories, readable
from producers.replay.state import ReplayState
from schemas.prompts import RevisionRequested
from schemas.works import Cost


def revisions(bootstrap: str, state: ReplayState) -> list[tuple[History, Revision]]:
    """Every revision that a replay asked for, with its video. Raises UnavailableError."""
    replay_id, wanted = state.started.replay_id, set[str]()
    # Nothing was asked for in its name before it began.
    with Slice(bootstrap, "prompts", since_ms=state.started.ts_us // 1000 - 60_000) as records:
        for received in readable(iter(records)):
            event = received.envelope.data
            if isinstance(event, RevisionRequested) and event.replay_id == replay_id:
                wanted.add(event.video_id)
    return [
        (history, revision)
        for history in histories(bootstrap, wanted).values()
        for revision in history.revisions.values()
        if revision.replay_id == replay_id
    ]


def results(bootstrap: str, state: ReplayState) -> dict[str, Any]:
    """Counts by outcome, the real cost so far, and each revision. Raises UnavailableError."""
    found = revisions(bootstrap, state)
    told = [{"video_id": video.video_id, "revision": one.number, "outcome": outcome(one)} for video, one in found]
    counts = {name: sum(one["outcome"] == name for one in told) for name in OUTCOMES}
    cost = sum((one.cost for _, one in found), Cost())
    return {"counts": counts, "cost": cost.model_dump(), "revisions": told}


def candidates(found: list[tuple[History, Revision]]) -> list[tuple[History, Revision]]:
    """Those that are finished and undecided, of videos that still show what they were made from. Pure."""
    return [
        (history, one)
        for history, one in found
        if outcome(one) == "published" and one.requested and history.live == one.requested.base_revision
    ]


OUTCOMES = ("making", "published", "failed", "promoted", "dropped")


def outcome(revision: Revision) -> str:
    """One of `OUTCOMES`."""
    if revision.promoted:
        return "promoted"
    if revision.dropped:
        return "dropped"
    if revision.published:
        return "published"
    return "failed" if revision.failed else "making"
