"""What may come back: things by name, no more bytes of them than a budget. Pure but for its lock."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from infra.telemetry import logs

T = TypeVar("T")
log = logs.get("device")


class Shelf(Generic[T]):
    """The least recently put thing is let go first, but none that is bound. Called by any thread."""

    def __init__(self, budget: Callable[[int], int], bound: Callable[[str], bool]) -> None:
        """`budget`: how many bytes it may hold, given how many it holds. `bound`: whether somebody counts on a thing;
        it is held then, whatever the budget says."""
        self._budget, self._bound, self._lock = budget, bound, threading.RLock()
        self._things: OrderedDict[str, tuple[T, int]] = OrderedDict()

    def __contains__(self, name: object) -> bool:
        return name in self._things

    @property
    def held(self) -> int:
        """Bytes of all that is on it."""
        with self._lock:
            return sum(size for _, size in self._things.values())

    def takes(self, name: str, size: int) -> bool:
        """Make room for a thing; False where there is none for it, and nothing was let go."""
        with self._lock:
            most = self._budget(self.held)
            stay = sum(each for other, (_, each) in self._things.items() if other != name and self._bound(other))
            if stay + size > most and not self._bound(name):
                return False
            self._shrink(most - size)
            return True

    def put(self, name: str, thing: T, size: int) -> None:
        """A thing that it takes."""
        with self._lock:
            self._things.pop(name, None)
            self._things[name] = thing, size

    def get(self, name: str) -> T | None:
        """A thing, which stays."""
        with self._lock:
            return self._things[name][0] if name in self._things else None

    def pop(self, name: str) -> None:
        """A thing is wanted elsewhere, or nowhere any more."""
        with self._lock:
            self._things.pop(name, None)

    def trim(self) -> None:
        """Let go of what is over the budget and bound no longer."""
        with self._lock:
            self._shrink(self._budget(self.held))

    def _shrink(self, most: int) -> None:
        for name in [name for name in self._things if not self._bound(name)]:
            if self.held <= most:
                return
            del self._things[name]
            log.info("model let go from the host's memory", model=name)
