"""One run: start a system, let clients and the nemesis loose on it, wait until it is at rest, and check."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.supervisor.private import PrivateSystem
from tests.chaos import reading
from tests.chaos.checks import Verdict, check
from tests.chaos.history import History, Told, Walked
from tests.chaos.listener import Listener
from tests.chaos.nemesis import Nemesis
from tests.chaos.plan import Plan
from tests.chaos.rest import Rest
from tests.chaos.system import chaos_system, hurry, restarts, settings_of
from tests.chaos.workload import Clients, walk

#: Seconds until everything must have come to rest after the last fault, on a machine that does other things as well.
REST_S = {"short": 240.0, "medium": 480.0, "long": 1_200.0}
TELL_EVERY_S = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a run."""

    plan: Plan
    verdicts: tuple[Verdict, ...]
    faults: dict[str, int]
    missed: tuple[str, ...]
    repeated: int
    restarts: dict[str, int]
    answers: dict[str, int]
    seconds: dict[str, float]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(verdict.holds for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        size = self.plan.size
        return {
            "seed": self.plan.seed, "size": size.name, "prompts": size.prompts, "swipes": size.swipes,
            "holds": self.holds, "faults": self.faults, "missed": self.missed, "records_repeated": self.repeated,
            "restarts": self.restarts, "answers": self.answers, "seconds": self.seconds,
            "checks": [
                {"name": one.name, "holds": one.holds, "looked_at": one.looked_at, "wrong": one.wrong}
                for one in self.verdicts
            ],
        }  # fmt: skip


def run(plan: Plan, say: Say, folder: Path | None = None) -> Result:
    """Carry out a plan. `folder` keeps the system's data and logs; None: they go away."""
    if folder is not None:
        return _run(plan, say, folder)
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as temporary:
        return _run(plan, say, Path(temporary))


def _run(plan: Plan, say: Say, folder: Path) -> Result:
    clock = _Clock()
    say(f"seed {plan.seed}, {plan.size.name}: starting a system of its own")
    with chaos_system(folder) as system:
        clock.lap("start")
        told = Told()
        listener = Listener(system.gateway_url, told)
        listener.start()
        nemesis = _let_loose(plan, system, told, say)
        clock.lap("chaos")
        hurry(system)
        restless = Rest(system.kafka).wait(REST_S[plan.size.name], _telling(say))
        clock.lap("rest")
        history = _look(system, told, nemesis, restless)
        listener.stop()
        verdicts = tuple(check(history))
        clock.lap("check")
        return Result(
            plan=plan, verdicts=verdicts, faults=dict(nemesis.done), missed=tuple(nemesis.missed),
            repeated=nemesis.repeated, restarts=restarts(system), answers=dict(sorted(told.answers.items())),
            seconds=clock.laps,
        )  # fmt: skip


def _let_loose(plan: Plan, system: PrivateSystem, told: Told, say: Say) -> Nemesis:
    began = time.monotonic()

    def stamped(text: str) -> None:
        say(f"{time.monotonic() - began:6.1f} s  {text}")

    clients, nemesis = Clients(plan, system.api_url, told), Nemesis(plan, system, stamped)
    over = threading.Event()

    def tell() -> None:
        while not over.wait(TELL_EVERY_S):
            hurry(system)
            pushed = len({video for stretch in told.pushed for video in stretch})
            stamped(
                f"… {clients.done}/{len(plan.steps)} requests done: {len(told.prompts)} prompts and "
                f"{len(told.swipes)} swipes taken in, {pushed} videos pushed"
            )

    teller = threading.Thread(target=tell, name="teller", daemon=True)
    clients.start(began)
    nemesis.start(began)
    teller.start()
    try:
        nemesis.join()
        clients.join()
    finally:
        over.set()
    return nemesis


def _telling(say: Say) -> Callable[[dict[str, int]], None]:
    """Say how far behind the groups are, now and then."""
    last = 0.0

    def tell(lags: dict[str, int]) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_EVERY_S:
            last = time.monotonic()
            behind = ", ".join(f"{group} {lag}" for group, lag in lags.items())
            say(f"coming to rest: {f'still to be handled: {behind}' if behind else 'nothing left to handle'}")

    return tell


def _look(system: PrivateSystem, told: Told, nemesis: Nemesis, restless: str) -> History:
    """Everything there is to see, once it is at rest."""
    log, tables = reading.read_log(system.kafka), reading.read_tables(settings_of(system))
    # Afterwards: who reads a feed has new videos made.
    walks = _last_walks(system)
    names = {viewer for viewer, _ in told.swipes} | {walk.viewer for walk in walks}
    return History(
        told=told, last_walks=walks, log=log, tables=tables, poisoned=frozenset(nemesis.poisoned),
        known_as=reading.read_names(settings_of(system), names), restless=restless,
    )  # fmt: skip


def _last_walks(system: PrivateSystem) -> list[Walked]:
    """To the end of the feed, by somebody new and by somebody who has swiped."""
    # What the API keeps in memory is read again within this time.
    time.sleep(6)
    with httpx.Client(base_url=system.api_url, timeout=10) as api:
        return [walk(api, viewer, Told(), pages=1_000, limit=50) for viewer in ("newcomer", "viewer-0")]


class _Clock:
    """How long each part of a run took, in seconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name], self._last = round(now - self._last, 1), now
