"""What operators do with versions of the read model. Each of these is an event before it is done, so that whoever is
killed in between finds the decision in the log, and the next command, or the projector's next start, carries it out.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from infra.cassandra import switch
from infra.cassandra.migrate import apply_tables, apply_version, wait_for_indexes
from infra.cassandra.versions import keyspace_of, of_version
from infra.errors import BadInputError
from infra.kafka.stretch import Ranges, Stretch
from infra.settings import Settings
from query_api.projections.filling import Filling, Told
from query_api.projections.fold import Said
from query_api.projections.journal import current, read, settle, stamp, tell
from query_api.projections.positions import NAME, TOPICS, left
from query_api.projections.shares import size
from query_api.projections.verifying import Verdict, against_log, against_version
from query_api.projections.versions import Status, Version, Versions, check_drop, check_promote
from query_api.readmodel.cassandra import stored, writing
from schemas.projections import (
    ProjectionDropped,
    ProjectionPromoted,
    ProjectionRebuildStarted,
    ProjectionRebuilt,
    ProjectionRolledBack,
    ProjectionVerified,
)

#: How long the indexes of a full version may take to be made.
INDEXED_S = 3600.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A version, where its tables are, and how many records they are behind the log (None: dropped)."""

    version: Version
    keyspace: str
    lag: int | None


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Who decides, and why."""

    by: str
    why: str


def listed(settings: Settings) -> list[Listed]:
    """Every version. Raises UnavailableError."""
    with Stretch(settings.kafka_address) as log:
        ranges = log.ranges(TOPICS)
    return [_listed(settings, one, ranges) for one in current(settings).every.values()]


def _listed(settings: Settings, version: Version, ranges: Ranges) -> Listed:
    keyspace = keyspace_of(settings.keyspace, version.number)
    dropped = version.status is Status.DROPPED
    return Listed(version, keyspace, None if dropped else _lag(of_version(settings, version.number), ranges))


def _lag(settings: Settings, ranges: Ranges) -> int:
    session = writing(settings)
    try:
        session.wait(10)
        return size(left(stored(session, NAME), ranges))
    finally:
        session.close()


def begin(settings: Settings, operator: Operator, resume: int | None) -> int:
    """Make room for a new version, or go on with one; its number. Raises NotFoundError, BadInputError."""
    apply_tables(settings)
    versions = current(settings)
    number = versions.next_number() if resume is None else versions.known(resume).number
    if number == versions.live:
        raise BadInputError(
            f"Version {number} is live: the projector fills it.", hint="Without --resume, a new version is made."
        )
    apply_version(settings, keyspace_of(settings.keyspace, number), indexes=False)
    with Stretch(settings.kafka_address) as log:
        records = sum(end - first for first, end in log.ranges(TOPICS).values())
    started = ProjectionRebuildStarted(
        **stamp(settings, versions), version=number, by=operator.by, why=operator.why, records=records
    )
    tell(settings, started)
    return number


def fill(settings: Settings, number: int, operator: Operator, stopped: threading.Event, told: Told) -> bool:
    """Fill a version until it has caught up; False where it was stopped before. Raises UnavailableError."""
    with Filling(of_version(settings, number), stopped, told) as filling:
        if not filling.catch_up():
            return False
        done = filling.progress
    # An index costs less when it is made of full tables than with every row (a quarter of the store's work, measured).
    keyspace = keyspace_of(settings.keyspace, number)
    apply_version(settings, keyspace)
    wait_for_indexes(settings, keyspace, timeout=INDEXED_S)
    versions = read(settings)
    rebuilt = ProjectionRebuilt(
        **stamp(settings, versions), version=number, by=operator.by,
        records=done.done, unreadable=done.unreadable, seconds=round(done.seconds, 3),
    )  # fmt: skip
    tell(settings, rebuilt)
    return True


def catch_up(settings: Settings, number: int, stopped: threading.Event, told: Told) -> bool:
    """Bring a version that is not live to the end of the log; False where it was stopped. Raises UnavailableError."""
    with Filling(of_version(settings, number), stopped, told) as filling:
        return filling.catch_up()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a version is compared with: another one (None: the live one), or the log for so many keys."""

    number: int | None = None
    against: int | None = None
    sample: int | None = None
    seed: str = ""


def verify(
    settings: Settings, wanted: Comparison, by: str, stopped: threading.Event, said: Said
) -> tuple[ProjectionVerified, Verdict]:  # fmt: skip
    """Compare; what was found, as an event too. Raises NotFoundError, BadInputError, UnavailableError."""
    versions = current(settings)
    number = versions.known(versions.candidate() if wanted.number is None else wanted.number).number
    if wanted.sample:
        other, verdict = None, against_log(settings, number, wanted.sample, wanted.seed, versions.live, stopped, said)
    else:
        other = versions.known(wanted.against or versions.live).number
        if other == number:
            hint = "Name another one with --against, or compare with the log: --sample 100."
            raise BadInputError(f"Version {number} would be compared with itself.", hint=hint)
        verdict = against_version(settings, number, other, versions.live, stopped, said)
    event = ProjectionVerified(
        **stamp(settings, read(settings)), version=number, by=by,
        against=other, rows=verdict.rows, different=len(verdict.differences),
    )  # fmt: skip
    tell(settings, event)
    return event, verdict


def promote(settings: Settings, number: int | None, operator: Operator, stopped: threading.Event, told: Told) -> int:
    """Let everyone read a version, by default the newest candidate, once it has caught up; its number.

    Raises NotFoundError, BadInputError, UnavailableError, DecidedElsewhereError.
    """
    versions = current(settings)
    number = versions.candidate() if number is None else number
    check_promote(versions, number)
    _ready(settings, number, stopped, told)
    versions = read(settings)
    check_promote(versions, number)
    event = ProjectionPromoted(
        **stamp(settings, versions), version=number, before=versions.live, by=operator.by, why=operator.why
    )
    settle(settings, tell(settings, event))
    return number


def rollback(
    settings: Settings, number: int | None, operator: Operator, stopped: threading.Event, told: Told, *, at_once: bool
) -> int:  # fmt: skip
    """Go back to what was live before, or to a version that is named; its number.

    `at_once` does not wait until it has caught up: readers see older rows until the projector has brought them.
    Raises NotFoundError, BadInputError, UnavailableError, DecidedElsewhereError.
    """
    number = _earlier(current(settings)) if number is None else number
    check_promote(read(settings), number)
    if not at_once:
        _ready(settings, number, stopped, told)
    versions = read(settings)
    check_promote(versions, number)
    event = ProjectionRolledBack(
        **stamp(settings, versions), version=number, before=versions.live, by=operator.by, why=operator.why
    )
    settle(settings, tell(settings, event))
    return number


def drop(settings: Settings, number: int, operator: Operator) -> None:
    """Take a version away. Raises NotFoundError, BadInputError for the live one, UnavailableError."""
    versions = current(settings)
    check_drop(versions, number)
    event = ProjectionDropped(**stamp(settings, versions), version=number, by=operator.by, why=operator.why)
    settle(settings, tell(settings, event))
    switch.drop(settings, number)


def _earlier(versions: Versions) -> int:
    if versions.before is None:
        raise BadInputError(
            "There is nothing to go back to: no version was promoted, or the one before was dropped.",
            hint="`swipestream projections list` shows what there is; name a version.",
        )
    return versions.before


def _ready(settings: Settings, number: int, stopped: threading.Event, told: Told) -> None:
    if not catch_up(settings, number, stopped, told):
        raise BadInputError(f"Stopped before version {number} had caught up. Nothing was switched.")
