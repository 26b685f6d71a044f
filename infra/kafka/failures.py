"""What becomes of a record that failed: one policy for every consumer. Pure.

A service that is away is waited for in place: the next record would fail too. What may work later goes through the
retry topics, so that nothing waits behind it. Everything else is a dead letter at once: trying again would not help.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra.errors import DeadlineError, TransientError, UnavailableError
from schemas.topics import TIERS

#: Beside our own `TransientError`: time-outs and broken connections, whoever raises them.
TRANSIENT = (TransientError, DeadlineError, TimeoutError, ConnectionError)
#: Frames that tell two failures apart; those further out are the same for all.
_FRAMES = 8


class Kind(StrEnum):
    """What an error says about trying again."""

    UNAVAILABLE = "unavailable"
    TRANSIENT = "transient"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Wait:
    """Try the same record again, here, before any other."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Put the record into the retry topic of a tier, from which it comes back after `delay_s`."""

    tier: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Dead:
    """Put the record into the dead-letter topic."""


Step = Wait | Retry | Dead


def classify(error: BaseException) -> Kind:
    """Whether a service is away, the error may pass, or trying again is useless."""
    if isinstance(error, UnavailableError):
        return Kind.UNAVAILABLE
    return Kind.TRANSIENT if isinstance(error, TRANSIENT) else Kind.PERMANENT


def next_step(error: BaseException, attempt: int, tiers: Mapping[str, float] = TIERS) -> Step:
    """What follows when attempt number `attempt` (the first is 1) ends with `error`. One attempt more than tiers."""
    kind = classify(error)
    if kind is Kind.UNAVAILABLE:
        return Wait()
    if kind is Kind.PERMANENT or attempt > len(tiers):
        return Dead()
    return Retry(*list(tiers.items())[attempt - 1])


def stack_hash(error: BaseException) -> str:
    """Eight hex digits that are the same for failures of one class at one place in the code."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.name}:{frame.lineno}" for frame in frames]
    return hashlib.sha256("\n".join([type(error).__name__, *places]).encode()).hexdigest()[:8]
