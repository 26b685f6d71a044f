"""`swipestream down`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from infra.cli.console import config, err
from infra.supervisor import leftovers, state
from infra.supervisor.state import RunState

#: What the supervisor promises, and a little more.
_WAIT_SECONDS = 12.0


def down() -> None:
    """Stop what `swipestream up` started here. All data stays.

    Examples:

      swipestream down
    """
    data_dir = config().data_dir.resolve()
    run = state.load(data_dir)
    stopped = bool(run and run.alive and _stop(run))
    left = leftovers.end(data_dir) if data_dir.exists() else 0
    err.print(_told(data_dir, stopped=stopped, left=left))


def _stop(run: RunState) -> bool:
    os.kill(run.pid, signal.SIGTERM)
    deadline = time.monotonic() + _WAIT_SECONDS
    while run.alive and time.monotonic() < deadline:
        time.sleep(0.1)
    if run.alive:
        # Its parts are tied to it and end with it.
        os.kill(run.pid, signal.SIGKILL)
    return True


def _told(data_dir: Path, *, stopped: bool, left: int) -> str:
    if stopped:
        return "Stopped. Everything is kept; `swipestream up` goes on with it."
    if left:
        return f"Ended {left} processes that an earlier run had left behind."
    return f"Nothing runs on {data_dir}."
