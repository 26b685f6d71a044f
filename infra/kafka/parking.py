"""Parking: while one event of a key waits to be tried again, later ones of that key wait behind it. Pure.

The state of a key is a `Line`, kept where the state of the key itself is kept (see docs/decisions/0011-parked-keys.md):
None most of the time. Every rule here is safe to repeat, because a crash repeats the last steps.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from typing import Any

from infra.kafka.records import Raw
from infra.kafka.trials import Place, Trial

#: A line that is longer, in events or bytes, gives its head up: a key does not wait for ever, nor fill the memory.
LIMIT, LIMIT_BYTES = 256, 512 * 1024


@dataclass(frozen=True, kw_only=True)
class Line:
    """`head` is on its way through the retry topics, as the attempt that it will come back as; the others are here.

    `spent` are heads that were given up: what still comes back of them is to be ignored.
    """

    head: Trial | None = None
    followers: tuple[Trial, ...] = ()
    spent: frozenset[Place] = field(default_factory=frozenset)

    @property
    def too_long(self) -> bool:
        """Whether it has grown beyond its limits."""
        size = sum(len(each.record.value or b"") for each in self.followers)
        return len(self.followers) > LIMIT or size > LIMIT_BYTES


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What follows from an arrival: bury `given_up`, then try `run` in order. `line` is the state if nothing runs."""

    run: tuple[Trial, ...] = ()
    given_up: Trial | None = None
    line: Line | None = None


def arrive(line: Line | None, trial: Trial) -> Turn:
    """An event of the key came, for the first time or back from a retry topic."""
    if line is None:
        return Turn(run=(trial,))
    if trial.attempt > 1 and trial.place in line.spent:
        return Turn(line=_tidy(replace(line, spent=line.spent - {trial.place})))
    if line.head is None:
        return Turn(run=(trial,), line=line)
    if trial.place == line.head.place:
        # An earlier attempt is a repetition: the head itself is still on its way.
        stale = trial.attempt < line.head.attempt
        return Turn(line=line) if stale else Turn(run=(trial, *line.followers), line=line)
    return _park(line, line.head, trial)


def _park(line: Line, head: Trial, trial: Trial) -> Turn:
    if any(each.place == trial.place for each in line.followers):
        return Turn(line=line)
    longer = replace(line, followers=(*line.followers, trial))
    if not longer.too_long:
        return Turn(line=longer)
    freed = replace(longer, head=None, followers=(), spent=line.spent | {head.place})
    return Turn(given_up=head, run=longer.followers, line=freed)


def failed(turn: Turn, index: int, again: Trial) -> Line:
    """The state when `run[index]` is on its way to a retry topic, as `again`: what came after it waits behind it."""
    return Line(head=again, followers=turn.run[index + 1 :], spent=turn.line.spent if turn.line else frozenset())


def finished(turn: Turn) -> Line | None:
    """The state when all of `run` succeeded or died."""
    return _tidy(replace(turn.line, head=None, followers=())) if turn.line and turn.run else turn.line


def _tidy(line: Line) -> Line | None:
    return line if line.head or line.spent else None


def dump(line: Line) -> bytes:
    """As JSON."""
    document = {
        "head": _dump(line.head) if line.head else None,
        "followers": [_dump(each) for each in line.followers],
        "spent": sorted(line.spent),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def load(document: bytes) -> Line:
    """What `dump` made."""
    found = json.loads(document)
    return Line(
        head=_load(found["head"]) if found["head"] else None,
        followers=tuple(map(_load, found["followers"])),
        spent=frozenset((topic, partition, offset) for topic, partition, offset in found["spent"]),
    )


def _dump(trial: Trial) -> dict[str, Any]:
    record = vars(trial.record) | {
        "key": _text(trial.record.key),
        "value": _text(trial.record.value),
        "headers": [(name, _text(value)) for name, value in trial.record.headers],
    }
    return vars(trial) | {"record": record}


def _load(found: dict[str, Any]) -> Trial:
    record = found["record"]
    headers = tuple((name, _bytes(value)) for name, value in record["headers"])
    raw = Raw(**record | {"key": _bytes(record["key"]), "value": _bytes(record["value"]), "headers": headers})
    return Trial(**found | {"record": raw})


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)
