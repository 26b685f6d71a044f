"""Whether this process may still write states: only while its group surely counts it in. Pure.

Who is cut off from Kafka is not told that its partitions were given away. What it wrote afterwards would lie behind the
states of the new owner, and the next recovery would take it for the last word. Kafka itself fences such writers in
transactions alone; here, as in any lease, the holder stops before the other side can have given it away.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Lease:
    """Held for `seconds` after each moment at which the group answered. Thread-safe."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._until = clock()

    def renew(self, asked_s: float | None = None) -> None:
        """The group counted this process in when it was asked, at `asked_s` of the clock; without it, just now."""
        self._until = max(self._until, (self._clock() if asked_s is None else asked_s) + self._seconds)

    @property
    def held(self) -> bool:
        """Whether nobody else can have the partitions yet."""
        return self._clock() < self._until
