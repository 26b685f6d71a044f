"""The versions of the read model and what state they are in: the fold of their own events. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from infra.errors import BadInputError, NotFoundError
from schemas.projections import (
    ProjectionDropped,
    ProjectionEvent,
    ProjectionPromoted,
    ProjectionRebuildStarted,
    ProjectionRebuilt,
    ProjectionRolledBack,
    ProjectionVerified,
)


class Status(StrEnum):
    """What a version is for."""

    BUILDING = "building"  #: it has not caught up with the log yet
    READY = "ready"  #: it has caught up once, and can be promoted
    LIVE = "live"  #: it is what every reader uses
    KEPT = "kept"  #: it was live before: what a rollback goes back to
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `why` and `by` are of the last decision about it; `verified` tells of the last comparison."""

    number: int
    status: Status
    by: str = ""
    why: str = ""
    since_us: int = 0
    verified: ProjectionVerified | None = None

    def as_json(self) -> dict[str, Any]:
        """For people and scripts."""
        told = {"version": self.number, "status": self.status.value, "by": self.by, "why": self.why}
        found = self.verified
        checked = {"against": found.against, "rows": found.rows, "different": found.different} if found else None
        return told | {"since_us": self.since_us, "verified": checked}


def _first() -> dict[int, Version]:
    return {1: Version(1, Status.LIVE)}


@dataclass(frozen=True)
class Versions:
    """All of them. `live_us` is when the live one was decided on; `before` is what was live before it.

    `history` holds the events that count, in order.
    """

    every: dict[int, Version] = field(default_factory=_first)
    live: int = 1
    live_us: int = 0
    before: int | None = None
    history: tuple[ProjectionEvent, ...] = ()

    @property
    def last_us(self) -> int:
        """When something was decided last."""
        return self.history[-1].ts_us if self.history else 0

    def next_number(self) -> int:
        """The number that no version ever had."""
        return max(self.every) + 1

    def known(self, number: int) -> Version:
        """One that is there. Raises NotFoundError."""
        found = self.every.get(number)
        if found is None or found.status is Status.DROPPED:
            there = ", ".join(str(one.number) for one in self.every.values() if one.status is not Status.DROPPED)
            raise NotFoundError(f"There is no version {number}.", hint=f"There are: {there}.")
        return found

    def candidate(self) -> int:
        """The newest that is not live and was never live. Raises NotFoundError."""
        found = [one.number for one in self.every.values() if one.status in (Status.BUILDING, Status.READY)]
        if not found:
            hint = "`swipestream projections rebuild --reason …` makes one."
            raise NotFoundError("There is no version beside the one that is read.", hint=hint)
        return max(found)


def fold(events: Iterable[ProjectionEvent]) -> Versions:
    """The versions after these events, in the order of the log.

    An event that is not later than the one before it was decided without knowing of that, and does not count; nor does
    one that cannot be: a version that is not there is not promoted, the live one is not dropped.
    """
    versions = Versions()
    for event in events:
        versions = after(versions, event)
    return versions


def after(versions: Versions, event: ProjectionEvent) -> Versions:
    """The versions after one more event; the same where it does not count."""
    if event.ts_us <= versions.last_us:
        return versions
    try:
        made = _decided(versions, event)
    except (NotFoundError, BadInputError):
        return versions
    return replace(made, history=(*versions.history, event))


def _decided(versions: Versions, event: ProjectionEvent) -> Versions:
    match event:
        case ProjectionRebuildStarted():
            return _started(versions, event)
        case ProjectionRebuilt():
            return _with(versions, event, _rebuilt(versions.known(event.version).status))
        case ProjectionVerified():
            checked = replace(versions.known(event.version), verified=event)
            return replace(versions, every=versions.every | {event.version: checked})
        case ProjectionPromoted() | ProjectionRolledBack():
            return _switched(versions, event)
        case ProjectionDropped():
            check_drop(versions, event.version)
            return _with(versions, event, Status.DROPPED, event.why)
        case _:
            return versions


def _started(versions: Versions, event: ProjectionRebuildStarted) -> Versions:
    known = versions.every.get(event.version)
    if known is None and event.version != versions.next_number():
        raise NotFoundError
    if known is not None and known.status is Status.DROPPED:
        raise NotFoundError
    status = Status.BUILDING if known is None else known.status
    made = Version(event.version, status, event.by, event.why, event.ts_us)
    return replace(versions, every=versions.every | {event.version: made})


def _rebuilt(status: Status) -> Status:
    return Status.READY if status is Status.BUILDING else status


def _with(versions: Versions, event: ProjectionEvent, status: Status, why: str | None = None) -> Versions:
    known = versions.known(event.version)
    told = replace(known, status=status, by=event.by, why=known.why if why is None else why, since_us=event.ts_us)
    before = None if status is Status.DROPPED and versions.before == event.version else versions.before
    return replace(versions, every=versions.every | {event.version: told}, before=before)


def _switched(versions: Versions, event: ProjectionPromoted | ProjectionRolledBack) -> Versions:
    check_promote(versions, event.version)
    old = replace(versions.known(versions.live), status=Status.KEPT, since_us=event.ts_us)
    made = _with(versions, event, Status.LIVE, event.why)
    every = made.every | {old.number: old}
    return replace(made, every=every, live=event.version, live_us=event.ts_us, before=old.number)


def check_promote(versions: Versions, number: int) -> None:
    """Raises NotFoundError, and BadInputError for what cannot become live."""
    found = versions.known(number)
    if found.status is Status.LIVE:
        raise BadInputError(f"Version {number} is live already.")
    if found.status is Status.BUILDING:
        raise BadInputError(
            f"Version {number} has not caught up with the log yet.",
            hint=f"`swipestream projections rebuild --resume {number}` goes on with it.",
        )


def check_drop(versions: Versions, number: int) -> None:
    """Raises NotFoundError, and BadInputError for the live one."""
    if versions.known(number).status is Status.LIVE:
        raise BadInputError(
            f"Version {number} is live: every reader uses it.",
            hint="Promote another one first, or go back with `swipestream projections rollback`.",
        )
