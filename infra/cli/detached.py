"""`swipestream up --detach`: the supervisor in a session of its own, and this process waiting until all is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from infra.cli.console import err
from infra.settings import Settings
from infra.supervisor import state
from infra.supervisor.errors import StartError
from infra.supervisor.logfile import tail

#: Enough for all downloads over a slow line.
_WAIT_SECONDS = 600.0


def start(settings: Settings, *, fresh: bool, starter: bool, stores: bool) -> None:
    """Start it and return when every part is ready; raises StartError when it ends before."""
    log = settings.data_dir / "run" / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    child = _spawn(settings, log, fresh=fresh, starter=starter, stores=stores)
    try:
        with err.status("Starting …"):
            _wait(child, settings.data_dir, log)
    except KeyboardInterrupt:
        child.terminate()
        child.wait(15)
        raise


def _spawn(settings: Settings, log: Path, *, fresh: bool, starter: bool, stores: bool) -> subprocess.Popen[bytes]:
    chosen = {"--fresh": fresh, "--no-starter": not starter, "--stores": stores}
    options = ["--workers", str(settings.workers), *(name for name, given in chosen.items() if given)]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.cli", "up", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait(child: subprocess.Popen[bytes], data_dir: Path, log: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not _is_up(child.pid, data_dir):
        if time.monotonic() > deadline:
            raise StartError(f"Not all is ready after {_WAIT_SECONDS:.0f} s; it goes on.", hint="swipestream status")
        if (code := child.poll()) is not None:
            failure = StartError(f"It did not start:\n{tail(log)}")
            failure.exit_code = code or failure.exit_code
            raise failure
        time.sleep(0.2)


def _is_up(pid: int, data_dir: Path) -> bool:
    run = state.load(data_dir)
    return run is not None and run.pid == pid and run.phase == "up"
