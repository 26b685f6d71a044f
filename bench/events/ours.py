"""`python -m bench.events.ours COUNT`: the app as it is run, with the viewers alone, until COUNT swipes are handled.

Prints one line of JSON: records, the seconds between the first tenth and the last, and the CPU-seconds for them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import processors.__main__
import processors.app
from bench.events.timing import Stopwatch
from infra.telemetry import metrics
from processors.viewers import viewers
from schemas.topics import PROCESSORS


def watch(count: int) -> None:
    """Wait for the last swipe, tell, and have the process drain."""
    handled = metrics.HANDLED.labels(consumer=PROCESSORS, type="SwipeRecorded")
    watch = Stopwatch(count)
    while not watch.saw(int(handled._value.get())):
        time.sleep(0.02)
    watch.tell()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    processors.app.processors = lambda settings: (viewers(settings.ahead, settings.viewer_active_s),)
    threading.Thread(target=watch, args=(int(sys.argv.pop(1)),), daemon=True).start()
    processors.__main__.main()
