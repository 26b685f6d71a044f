"""A stopwatch for a stream: from the first tenth of the records to the last one. Imports nothing but Python's own."""

from __future__ import annotations

import json
import time

#: Starting, joining a group and warming up are not what is measured.
WARM = 0.1


class Stopwatch:
    """Told how many records are done, it says how fast those after the first tenth were."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._begun: tuple[int, float, float] | None = None
        self._ended: tuple[int, float, float] | None = None

    def saw(self, done: int) -> bool:
        """Whether that was the last one."""
        if self._begun is None and done >= self._count * WARM:
            self._begun = (done, time.perf_counter(), time.process_time())
        if done < self._count:
            return False
        self._ended = (done, time.perf_counter(), time.process_time())
        return True

    def tell(self) -> None:
        """One line of JSON on stdout."""
        if self._begun is None or self._ended is None:
            raise RuntimeError("the last record was not seen yet")
        names = ("records", "seconds", "cpu_seconds")
        taken = (end - begin for begin, end in zip(self._begun, self._ended, strict=True))
        print(json.dumps(dict(zip(names, taken, strict=True))), flush=True)
