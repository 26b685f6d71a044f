"""The system under test: `swipestream up` with stores of its own, and the means to find its processes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.settings import Settings
from infra.supervisor import state
from infra.supervisor.private import PrivateSystem, private_system

FLAVORS = Path(__file__).parent / "flavors"
#: Settings of a system whose default flavor makes small videos: where it matters that they are made, not how they look.
SMALL = {"FLAVOR_DIRS": json.dumps([str(FLAVORS)])}
#: All clients come from one address, and are in a hurry.
UNLIMITED = {f"RATE_{name}": "1000000/minute" for name in ("VIEWER", "MAKE", "ADDRESS")}


@contextmanager
def chaos_system(folder: Path, *, workers: int = 2) -> Iterator[PrivateSystem]:
    """All of Swipestream on free ports, with flavors that make small videos; gone at the end."""
    settings = {"WORKERS": str(workers), "AHEAD": "1", **SMALL, **UNLIMITED}
    with private_system(folder, **settings) as system:
        yield system


def settings_of(system: PrivateSystem) -> Settings:
    """The settings that its processes have."""
    prefix = "SWIPESTREAM_"
    own = {name.removeprefix(prefix).lower(): value for name, value in system.env.items() if name.startswith(prefix)}
    return Settings(**own | {"flavor_dirs": (FLAVORS,)})  # type: ignore[arg-type]


def pid_of(system: PrivateSystem, part: str) -> int | None:
    """The process that is that part now; None while it is not there."""
    run = state.load(system.data_dir)
    found = next((one for one in run.parts if one.name == part), None) if run else None
    return found.pid if found and found.state in ("starting", "ready") else None


def hurry(system: PrivateSystem) -> None:
    """Let the workers have as much of the machine as we have: they step back behind everybody, and here others run."""
    for part in ("worker-1", "worker-2"):
        if pid := pid_of(system, part):
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0))


def restarts(system: PrivateSystem) -> dict[str, int]:
    """How often the supervisor started each part again."""
    run = state.load(system.data_dir)
    return {part.name: part.restarts for part in run.parts if not part.once} if run else {}
