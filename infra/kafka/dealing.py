"""In which partition a slot lies, of as many as the topic has now: topics grow, and nobody is told."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from schemas.base import SLOTS
from schemas.topics import TOPICS

#: How often the broker is asked how many there are, in seconds. Until then what is new there gets nothing.
REFRESH_S = 30.0


class Dealing:
    """Partitions by topic: as declared, until the broker has said how many there are.

    `ask` tells it of a topic, 0 where it does not know. One thread refreshes, any may ask.
    """

    def __init__(self, ask: Callable[[str], int], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._counts: dict[str, int] = {}
        self._due = -math.inf

    def partition(self, topic: str, slot: int | None) -> int | None:
        """The partition of a slot; None, which leaves it to the key, for none."""
        if slot is None:
            return None
        if topic not in self._counts:
            self._counts[topic], self._due = TOPICS[topic].partitions, -math.inf
        return slot * self._counts[topic] // SLOTS

    def refresh(self) -> None:
        """Ask again about the topics that are dealt out, where it is time."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + REFRESH_S
        for topic in list(self._counts):
            self._counts[topic] = self._ask(topic) or self._counts[topic]
