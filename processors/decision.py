"""What a processor decides. Nothing here does I/O: the agent publishes the effects and keeps the state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
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


#: (events of one key in order, state, now) -> what follows from all of them.
Fold = Callable[[Sequence[Envelope[base.Message]], State, int], Decision]


@dataclass(frozen=True, kw_only=True)
class Processor:
    """A decision, the topics whose events it is asked about, and the table that keeps its state (if any).

    `ordered`: an event of a key must not overtake an earlier one that is to be tried again; it is parked behind it.
    `quick` is a shorter way to `fold` many events. `ignores` names types on its topics that it never looks at: they
    are not even decoded.
    """

    name: str
    topics: tuple[str, ...]
    decide: Decide
    table: str | None = None
    ordered: bool = False
    quick: Fold | None = None
    ignores: frozenset[str] = frozenset()

    def fold(self, events: Sequence[Envelope[base.Message]], state: State, now_us: int) -> tuple[Decision, int]:
        """What follows from several events of one key, and from how many: the next one after them failed."""
        if self.quick is not None:
            with suppress(Exception):  # step by step it fails again, and then says where
                return self.quick(events, state, now_us), len(events)
        effects: list[Effect] = []
        for count, event in enumerate(events):
            try:
                decision = self.decide(event, state, now_us)
            except Exception:  # noqa: BLE001 - whoever handles that event alone meets it again
                return Decision(state=state, effects=tuple(effects)), count
            state = decision.state
            effects += decision.effects
        return Decision(state=state, effects=tuple(effects)), len(events)
