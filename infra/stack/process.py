"""Starting and ending processes so that none is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

#: Runs in the child before the program: the kernel kills it when the thread that started it ends, however it ends.
#: Not a `preexec_fn`, which may deadlock in a parent that has threads.
_TIED = """\
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
os.getppid() == int(sys.argv[1]) or os._exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""


def tied(command: Sequence[str]) -> list[str]:
    """The command that runs `command` and dies with the calling thread (Linux; elsewhere just `command`)."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-ISc", _TIED, str(os.getpid()), *command]


def spawn(
    command: Sequence[str], *, output: int | IO[bytes], env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, tied to this process, its stdout and stderr going to `output`.

    Call it from a thread that lives as long as the program shall (the main thread, as a rule).
    """
    return subprocess.Popen(
        tied(command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        start_new_session=True,
    )


def signal_group(pid: int, number: signal.Signals) -> bool:
    """Send a signal to a process and all its children; False when none is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
        return True
    return False


def stop(*processes: subprocess.Popen[bytes], grace: float = 5.0) -> None:
    """End processes that `spawn` started, and their children, together: SIGTERM, SIGKILL after `grace` seconds."""
    deadline = time.monotonic() + grace
    for process in processes:
        if process.poll() is None:
            signal_group(process.pid, signal.SIGTERM)
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        # Also when the process itself has gone: its children may not have.
        signal_group(process.pid, signal.SIGKILL)
        process.wait()
