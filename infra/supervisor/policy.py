"""When to start a part again, and how to say why it ended. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that double from `first` to `longest` seconds, and begin anew after a life of `stable` seconds."""

    first: float = 0.5
    longest: float = 30.0
    stable: float = 20.0

    def failures(self, before: int, lived: float) -> int:
        """How many failures in a row there are, when `before` preceded one that came after `lived` seconds."""
        return 1 if lived >= self.stable else before + 1

    def delay(self, failures: int) -> float:
        """Seconds to wait before the next start."""
        # Capped before the power: a part that fails for days must not overflow.
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 30))


def describe_exit(code: int) -> str:
    """`ended with exit code 3`, `was killed by SIGKILL`."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
