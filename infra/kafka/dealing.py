"""In which partition a slot lies, of as many as the topic has now: topics grow, and nobody is told."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from infra.telemetry import logs
from schemas.base import SLOTS
from schemas.topics import TOPICS

log = logs.get("kafka.dealing")

#: How often the broker is asked how many a topic has, in seconds. Until then what is new there gets nothing.
REFRESH_S = 30.0


class Dealing:
    """Partitions by topic: as declared, until the broker has said how many there are.

    `ask` tells it of a topic, 0 where it does not know. One thread refreshes, any may use it.
    """

    def __init__(self, ask: Callable[[str], int], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._counts: dict[str, int] = {}
        self._due: dict[str, float] = {}

    def partition(self, topic: str, slot: int | None) -> int | None:
        """The partition of a slot; None, which leaves it to the key, for none."""
        if slot is None:
            return None
        if topic not in self._counts:
            self._counts[topic], self._due[topic] = TOPICS[topic].partitions, -math.inf
        return slot * self._counts[topic] // SLOTS

    def refresh(self) -> None:
        """Ask about the topic that has waited longest, if it is time: one a turn, since brokers may be slow."""
        topic = min(list(self._due), key=self._due.__getitem__, default=None)
        if topic is None or self._clock() < self._due[topic]:
            return
        self._due[topic] = self._clock() + REFRESH_S
        try:
            self._counts[topic] = self._ask(topic) or self._counts[topic]
        except Exception:  # whatever it is, records go where they went, and their reports must be heard
            log.exception("partitions not known", topic=topic)
