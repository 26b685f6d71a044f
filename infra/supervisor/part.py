"""What a part is, and in which order parts start and stop. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from infra.supervisor.errors import PlanError
from infra.supervisor.probe import Probe


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the system, or with `once` a command that must end well before what depends on it starts."""

    name: str
    command: tuple[str, ...]
    #: Added to the environment of the supervisor.
    env: Mapping[str, str] = field(default_factory=dict)
    #: How to tell that it serves; None: it does once it has lived for `settle` seconds.
    probe: Probe | None = None
    settle: float = 1.0
    #: Where clients find it, for people; empty when it has none.
    address: str = ""
    #: Names of the parts that must be ready before it starts.
    depends_on: tuple[str, ...] = ()
    once: bool = False
    #: Keeps what it logs off the terminal, trouble and news excepted.
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
    order = [(level, max(part.grace for part in level)) for level in reversed(levels(_lasting(parts)))]
    shrink = min(1.0, budget / sum(grace for _, grace in order)) if order else 1.0
    return [(level, grace * shrink) for level, grace in order]


def _lasting(parts: Sequence[Part]) -> list[Part]:
    """The parts that are not one-shots, each depending on what its one-shots depended on."""
    by_name = {part.name: part for part in parts}

    def needs(part: Part) -> set[str]:
        direct = (by_name[name] for name in part.depends_on)
        return set().union(*(needs(each) if each.once else {each.name} for each in direct))

    return [replace(part, depends_on=tuple(sorted(needs(part)))) for part in parts if not part.once]


def _check_names(parts: Iterable[Part]) -> None:
    names = [part.name for part in parts]
    if twice := {name for name in names if names.count(name) > 1}:
        raise PlanError(f"Two parts are called {', '.join(sorted(twice))}.")
    for part in parts:
        if unknown := set(part.depends_on) - set(names):
            raise PlanError(f"{part.name} depends on {', '.join(sorted(unknown))}, which is not among the parts.")
