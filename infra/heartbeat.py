"""A process that hangs ends itself: its loop beats, a thread counts, and its supervisor starts it anew.

A door that says "alive" in a thread of its own would tell nothing of the loop that does the work. Not found out is a
call into a library that never comes back and never lets go of Python's lock: then the thread stands still, too.
"""

from __future__ import annotations

import asyncio
import faulthandler
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from infra.ending import ANEW, drain, end_within
from infra.telemetry import logs

log = logs.get("heartbeat")

#: Seconds without a beat. Every wait of a loop has a shorter limit, or is known to have none (`resting`).
PATIENCE_S = 180.0
EVERY_S = 1.0


def restart(why: str) -> None:
    """End this process, by force where it does not drain, and say where every thread stands, on stderr."""
    # First of all: a main thread that hangs runs no handler of signals, and what hangs may hold a lock of the log.
    end_within(code=ANEW)
    log.error("starting anew", why=why)
    with suppress(Exception):
        faulthandler.dump_traceback(sys.stderr)
    drain()


class Heartbeat:
    """Calls `end` once where `beat` is not called for `patience_s`, while it is entered.

    The thread counts its own turns and reads no clock: while the whole process is stopped, nothing is counted.
    """

    def __init__(
        self,
        loop: str,
        *,
        patience_s: float = PATIENCE_S,
        every_s: float = EVERY_S,
        end: Callable[[str], None] = restart,
    ) -> None:
        self._loop, self._patience_s, self._every_s, self._end = loop, patience_s, every_s, end
        self._beaten, self._left = threading.Event(), threading.Event()
        self._rests = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, name=f"{self._loop}-heartbeat", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()

    def beat(self) -> None:
        """The loop has turned. May be called as often as one likes."""
        self._beaten.set()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Nothing is counted meanwhile: for a wait that has no limit of its own."""
        self._rests = True
        try:
            yield
        finally:
            self.beat()
            self._rests = False

    def turning(self, loop: asyncio.AbstractEventLoop) -> None:
        """Beat for as long as this event loop turns."""
        self.beat()
        loop.call_later(self._every_s, self.turning, loop)

    def _watch(self) -> None:
        missed = 0
        while missed * self._every_s < self._patience_s:
            if self._left.wait(self._every_s):
                return
            missed = 0 if self._rests or self._beaten.is_set() else missed + 1
            self._beaten.clear()
        self._end(f"the loop of {self._loop} has stood still for {self._patience_s:.0f} s")
