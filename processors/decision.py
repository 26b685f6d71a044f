"""What a processor decides. Nothing here does I/O: the agent publishes the effects and keeps the state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas import base
from schemas.envelope import Envelope

#: An envelope and its topic (None: the family's only one).
Effect = tuple[Envelope[base.Message], str | None]
#: The state of one key as JSON bytes; None: nothing is known.
State = bytes | None

SOURCE = "/processors"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What follows from one event: the new state of its key, and what to publish first."""

    state: State = None
    effects: tuple[Effect, ...] = ()


#: (event, state, now in microseconds) -> decision. Deterministic, and safe to repeat with the same event.
Decide = Callable[[Envelope[base.Message], State, int], Decision]


@dataclass(frozen=True, kw_only=True)
class Processor:
    """A decision, the topics whose events it is asked about, and the table that keeps its state (if any).

    `ordered`: an event of a key must not overtake an earlier one that is to be tried again; it is parked behind it.
    """

    name: str
    topics: tuple[str, ...]
    decide: Decide
    table: str | None = None
    ordered: bool = False
