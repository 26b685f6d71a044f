"""What runs, in `run/state.json` under the data folder, and the lock that lets only one supervisor run there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from infra.storage.locks import try_locked
from infra.supervisor.errors import AlreadyRunningError
from infra.supervisor.probe import Probe

#: Set in the environment of every part to the data folder, so that what a killed supervisor left can be found.
MARK = "SWIPESTREAM_RUN"


@dataclass(slots=True)
class PartState:
    """One part as `status` shows it."""

    name: str
    pid: int | None = None
    #: waiting, starting, ready, restarting, stopping, stopped, done or failed.
    state: str = "waiting"
    address: str = ""
    restarts: int = 0
    log: str = ""
    probe: Probe | None = None
    once: bool = False


@dataclass(slots=True)
class RunState:
    """The supervisor and its parts."""

    pid: int
    #: When the supervisor's process began, to tell it from a later one with the same id.
    born: float
    #: starting, up, stopping or stopped.
    phase: str = "starting"
    parts: list[PartState] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether that supervisor still runs."""
        with suppress(psutil.Error):
            return abs(psutil.Process(self.pid).create_time() - self.born) < 1.0
        return False


def this_run() -> RunState:
    """The state of a supervisor that is this process."""
    return RunState(os.getpid(), psutil.Process().create_time())


def state_file(data_dir: Path) -> Path:
    """Where the state is kept."""
    return data_dir / "run" / "state.json"


def save(state: RunState, data_dir: Path) -> None:
    """Replace the file in one step: a reader sees the old or the new state, never half of one."""
    file = state_file(data_dir)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(state)))
    fresh.replace(file)


def load(data_dir: Path) -> RunState | None:
    """The state of the last run; None when there is none that can be read."""
    try:
        raw = json.loads(state_file(data_dir).read_text())
        return RunState(**raw | {"parts": [_part(part) for part in raw["parts"]]})
    except (OSError, ValueError, TypeError, KeyError):
        return None


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the data folder; raises AlreadyRunningError when another process does. The system frees it at any death."""
    folder = data_dir / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with try_locked(folder / "lock") as mine:
        if not mine:
            raise _already_running(data_dir)
        yield


def _part(raw: dict[str, Any]) -> PartState:
    return PartState(**raw | {"probe": Probe(**raw["probe"]) if raw["probe"] else None})


def _already_running(data_dir: Path) -> AlreadyRunningError:
    state = load(data_dir)
    who = f" (pid {state.pid})" if state and state.alive else ""
    return AlreadyRunningError(
        f"Swipestream is already running on {data_dir}{who}.",
        hint="See `swipestream status`, or stop it with `swipestream down`.",
    )
