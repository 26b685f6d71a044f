"""How fast, and for how much."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pace:
    """At most `rate` a second, evenly spaced. A late one is not made up for by two at once."""

    rate: float
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=float("-inf"))

    def left(self) -> float:
        """Seconds until the next one may go."""
        return max(0.0, self._next - self.clock())

    def went(self) -> None:
        """One went."""
        self._next = max(self._next, self.clock()) + 1 / self.rate


@dataclass(frozen=True)
class Budget:
    """What all requests together may cost by their estimates. None: whatever it takes."""

    limit: float | None

    def allows(self, committed: float, more: float) -> bool:
        """Whether `more` still fits. Sums of floats may miss the limit by a little."""
        return self.limit is None or committed + more <= self.limit * (1 + 1e-9)
