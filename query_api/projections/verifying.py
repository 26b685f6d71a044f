"""Is a version right? Compared with another one row by row, or with a serial fold of the log for a sample of keys.

Both sides move while they are compared. What differs is therefore looked at again once both have passed the end that
the log had when the difference was seen: what differs then, and again, is no matter of time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from infra.cassandra.versions import of_version
from infra.errors import BadInputError, UnavailableError
from infra.kafka.stretch import Ranges, Stretch
from infra.settings import Settings
from query_api.projections.differences import TABLES, Count, Difference, compared, key_of, suspects
from query_api.projections.filling import Filling
from query_api.projections.fold import Fold, Said, checking, keys_of, sample
from query_api.projections.positions import NAME, TOPICS, left
from query_api.projections.shares import size
from query_api.readmodel.cassandra import stored, writing
from query_api.readmodel.scan import Key, Rows, scanning
from query_api.readmodel.tables import KEYS

#: Differences that are looked at again and told; how often; how long the live version may take to catch up.
MOST, ROUNDS, PATIENCE_S = 1_000, 6, 60.0
#: Tables partitioned by these hold nothing of another key.
_OWN = ("video_id", "viewer_id")

Suspect = tuple[str, Key]


@dataclass(slots=True)
class Verdict:
    """What was found. `more` says that there are more differences than were looked into."""

    rows: int = 0
    differences: list[Difference] = field(default_factory=list)
    more: bool = False

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        found = [one.as_json() for one in self.differences]
        return {"rows": self.rows, "different": len(found), "more": self.more, "differences": found}


class Versions:
    """Two versions of which one may be live, and the log that fills both."""

    def __init__(self, settings: Settings, live: int, stopped: threading.Event) -> None:
        self._settings, self._live, self._stopped = settings, live, stopped

    def bring(self, number: int, ranges: Ranges) -> None:
        """Wait until a version has passed these ranges of the log, or fill it. Raises UnavailableError."""
        if number == self._live:
            return self._wait(number, ranges)
        with Filling(of_version(self._settings, number), self._stopped) as filling:
            filling.to_the_end()

    def _wait(self, number: int, ranges: Ranges) -> None:
        session, deadline = writing(of_version(self._settings, number)), time.monotonic() + PATIENCE_S
        try:
            session.wait(10)
            while behind := size(left(stored(session, NAME), ranges)):
                if time.monotonic() > deadline or self._stopped.is_set():
                    hint = "Is the projector running? `swipestream status` says so."
                    raise UnavailableError(f"The live version does not catch up: {behind} records to go.", hint=hint)
                self._stopped.wait(0.2)
        finally:
            session.close()


def against_version(
    settings: Settings, number: int, other: int, live: int, stopped: threading.Event, said: Said
) -> Verdict:  # fmt: skip
    """Every row of `number` beside that of `other`. Raises UnavailableError."""
    versions, verdict, count = Versions(settings, live, stopped), Verdict(), Count()
    with ExitStack() as stack:
        log = stack.enter_context(Stretch(settings.kafka_address))
        old, new = (stack.enter_context(scanning(of_version(settings, one))) for one in (other, number))
        for one in {number, other} - {live}:
            versions.bring(one, log.ranges(TOPICS))
        found = _gathered(old, new, count, verdict, stopped, said)

        def again(ranges: Ranges) -> Callable[[Suspect], Difference | None]:
            for one in (number, other):
                versions.bring(one, ranges)
            return lambda suspect: compared(*suspect, old.row(*suspect), new.row(*suspect))

        verdict.differences = _settled(found, lambda: again(log.ranges(TOPICS)))
    verdict.rows = count.rows
    return verdict


def _gathered(
    old: Rows, new: Rows, count: Count, verdict: Verdict, stopped: threading.Event, said: Said
) -> list[Suspect]:  # fmt: skip
    found: list[Suspect] = []
    for table in TABLES:
        said(table, count.rows)
        for suspect in suspects(old, new, table, count):
            said(table, count.rows)
            if len(found) >= MOST:
                verdict.more = True
                return found
            found.append(suspect)
        if stopped.is_set():
            raise BadInputError("Stopped. Nothing was decided.")
    return found


def _settled(
    found: list[Suspect], look: Callable[[], Callable[[Suspect], Difference | None]]
) -> list[Difference]:  # fmt: skip
    """What still differs each time that both sides have come as far as the log."""
    left = [Difference(table, key) for table, key in found]
    for _ in range(ROUNDS):
        if not left:
            break
        again = look()
        left = [differs for one in left if (differs := again((one.table, one.key)))]
    return left


def against_log(
    settings: Settings, number: int, keys: int, seed: str, live: int, stopped: threading.Event, said: Said
) -> Verdict:  # fmt: skip
    """The rows of a sample of videos and viewers beside a serial fold of the log in memory. Raises UnavailableError."""
    versions, verdict = Versions(settings, live, stopped), Verdict()
    with ExitStack() as stack:
        log = stack.enter_context(Stretch(settings.kafka_address))
        rows = stack.enter_context(scanning(of_version(settings, number)))
        checks = stack.enter_context(checking(of_version(settings, number)))
        fold = Fold(log, sample(keys_of(log, said), keys, seed), checks, said)

        def look() -> Callable[[Suspect], Difference | None]:
            versions.bring(number, fold.advance())
            return lambda suspect: compared(*suspect, fold.row(*suspect), rows.row(*suspect))

        first = look()
        everything = [*fold.rows(), *_beside(fold, rows)]
        verdict.rows = len(dict.fromkeys(everything))
        found = [suspect for suspect in dict.fromkeys(everything) if first(suspect)]
        verdict.more, found = len(found) > MOST, found[:MOST]
        verdict.differences = _settled(found, look)
    return verdict


def _beside(fold: Fold, rows: Rows) -> list[Suspect]:
    """What the version has in partitions that belong to the sampled keys alone: it may be more than it should."""
    own = {(table, key[: len(KEYS[table][0])]) for table, key in fold.rows() if KEYS[table][0][0] in _OWN}
    return [(table, key_of(table, row)) for table, partition in own for row in rows.partition(table, partition)]
