"""The end of a process: it drains, but not for ever."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infra.telemetry import logs

log = logs.get("ending")

#: What was not finished or committed by then comes again: every handler may repeat.
DRAIN_S = 10.0
#: Exit code of a process that ends itself, to be started anew (EX_SOFTWARE).
ANEW = 70


class _Own:
    """Set where this process has decided itself that it ends."""

    decision = threading.Event()


def exit_code() -> int:
    """What a process that has drained ends with: 0 where it was told to end, `ANEW` where it decided so itself."""
    return ANEW if _Own.decision.is_set() else 0


def end_within(seconds: float = DRAIN_S, *, code: int | None = None) -> None:
    """End the process after that long, whatever it waits for: clients of a broker that is away know no limit.

    With `exit_code`, where no other code is given. Called when it is told to stop; may be called from a signal handler.
    """
    limit = threading.Timer(seconds, lambda: os._exit(exit_code() if code is None else code))
    limit.daemon = True
    limit.start()


def drain() -> None:
    """Have this process end as its supervisor would: it finishes what is in hand, and is started anew."""
    _Own.decision.set()
    os.kill(os.getpid(), signal.SIGTERM)


def vital(work: Callable[[], object], name: str, *, daemon: bool = True) -> threading.Thread:
    """A thread, not started, without which the process only seems to work: where it ends by an error, all of it does.

    Its supervisor starts the process anew.
    """

    def run() -> None:
        try:
            work()
        except Exception:
            log.exception("a thread has ended: starting anew", thread=name)
            drain()

    return threading.Thread(target=run, name=name, daemon=daemon)


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Set by Ctrl-C and by SIGTERM, in place of ending the process in the middle of something."""
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
