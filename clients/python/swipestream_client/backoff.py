"""How long to wait before the next try."""

from __future__ import annotations

import random


class Backoff:
    """Doubling, capped, and with jitter, so that clients do not come back together. In seconds."""

    def __init__(self, first: float = 0.5, most: float = 15.0, rng: random.Random | None = None) -> None:
        self._first, self._most, self._rng = first, most, rng or random.Random()
        self.tries = 0

    def next(self) -> float:
        """Between half of the ceiling and the ceiling."""
        ceiling: float = min(self._most, self._first * 2**self.tries)
        self.tries += 1
        return ceiling * (0.5 + self._rng.random() / 2)

    def reset(self) -> None:
        """The last try worked."""
        self.tries = 0
