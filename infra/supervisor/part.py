"""What a part is, and in which order parts start and stop. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from infra.supervisor.errors import PlanError
from infra.supervisor.probe import Probe


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the system, or with `once` a command that must end well before what depends on it starts."""

    name: str
    command: tuple[str, ...]
    #: Added to the environment of the supervisor.
    env: Mapping[str, str] = field(default_factory=dict)
    #: How to tell that it serves; None: it does once it has lived for a moment.
    probe: Probe | None = None
    #: Where clients find it, for people; empty when it has none.
    address: str = ""
    #: Names of the parts that must be ready before it starts.
    depends_on: tuple[str, ...] = ()
    once: bool = False
    #: Keeps what it logs off the terminal, errors excepted.
    quiet: bool = False
    #: Failures in a row, before it was ever ready, after which it is not started again; 0: never.
    patience: int = 0
    #: Without it nothing works: when it is given up, so is the whole start.
    vital: bool = False
    #: Seconds it may take to end after SIGTERM.
    grace: float = 3.0


def levels(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts in the order of starting: each level needs only earlier ones; raises PlanError when that cannot be."""
    left, started, result = list(parts), set[str](), list[list[Part]]()
    _check_names(left)
    while left:
        ready = [part for part in left if started.issuperset(part.depends_on)]
        if not ready:
            raise PlanError(f"These parts wait for each other: {', '.join(part.name for part in left)}.")
        result.append(ready)
        started.update(part.name for part in ready)
        left = [part for part in left if part not in ready]
    return result


def stop_order(parts: Sequence[Part], budget: float) -> list[tuple[list[Part], float]]:
    """The levels in the order of stopping, each with its seconds until SIGKILL; together they take at most `budget`."""
    order = [[part for part in level if not part.once] for level in reversed(levels(parts))]
    graces = [(level, max(part.grace for part in level)) for level in order if level]
    shrink = min(1.0, budget / sum(grace for _, grace in graces)) if graces else 1.0
    return [(level, grace * shrink) for level, grace in graces]


def _check_names(parts: Iterable[Part]) -> None:
    names = [part.name for part in parts]
    if twice := {name for name in names if names.count(name) > 1}:
        raise PlanError(f"Two parts are called {', '.join(sorted(twice))}.")
    for part in parts:
        if unknown := set(part.depends_on) - set(names):
            raise PlanError(f"{part.name} depends on {', '.join(sorted(unknown))}, which is not among the parts.")
