"""The end of a process: it drains, but not for ever."""

from __future__ import annotations

import os
import threading

#: What was not finished or committed by then comes again: every handler may repeat.
DRAIN_S = 10.0


def end_within(seconds: float = DRAIN_S) -> None:
    """End the process after that long, whatever it waits for: clients of a broker that is away know no limit.

    Called when it is told to stop; may be called from a signal handler.
    """
    limit = threading.Timer(seconds, os._exit, (0,))
    limit.daemon = True
    limit.start()
