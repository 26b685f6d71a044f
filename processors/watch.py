"""A watch over the assignment: an app that holds no partitions for long ends itself, and its supervisor starts it anew.

When Kafka goes away while the group forms, Faust's assignor can see no topics ("Ignoring missing topic"), assign
nothing to anybody, and never ask again (seen with faust-streaming 0.15.3 and aiokafka 0.14).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import faust

from infra.ending import drain
from infra.telemetry import logs

log = logs.get("processors.watch")

#: How long an app may be without partitions, in seconds: joining a group takes two or three.
PATIENCE_S = 20.0


class AssignmentWatch:
    """Calls `end` after `patience_s` without a partition."""

    def __init__(
        self, app: faust.App, *, patience_s: float = PATIENCE_S, every_s: float = 1.0, end: Callable[[], None] = drain
    ) -> None:
        self._app, self._patience_s, self._every_s, self._end = app, patience_s, every_s, end

    def start(self) -> None:
        """Watch from a thread of its own: the app's own tasks wait for the very assignment that does not come."""
        threading.Thread(target=self._run, name="assignment-watch", daemon=True).start()

    def _run(self) -> None:
        held = time.monotonic()
        while time.monotonic() - held < self._patience_s:
            time.sleep(self._every_s)
            if self._assigned():
                held = time.monotonic()
        log.error("no partitions: starting anew", after_s=self._patience_s)
        self._end()

    def _assigned(self) -> bool:
        try:
            return bool(self._app.consumer.assignment())
        except Exception:  # noqa: BLE001  # the client is not there yet, or is being replaced
            return False
