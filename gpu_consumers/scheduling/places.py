"""A place at the turnstile: who waits there, for what, and how they hear when it will be there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gpu_consumers.scheduling.work import Estimate

R = TypeVar("R")
T = TypeVar("T")
#: Told now and then how long it will still take. Raises `UnwantedError` where nobody wants it any more.
Heed = Callable[[Estimate], object]
#: It is told no more often than that, in seconds.
HEED_EVERY_S = 1.0


def nobody(_left: Estimate) -> None:
    """Nobody wants to hear."""


def first(look: Callable[[], object], heed: Heed) -> Heed:
    """`heed`, and `look` once before it."""
    looked = list[bool]()

    def both(left: Estimate) -> None:
        if not looked:
            looked.append(True)
            look()
        heed(left)

    return both


@dataclass
class Turn:
    """One clip's place at the turnstile. `boundary` is called after each step by the thread that makes the clip."""

    key: str
    pass_on: Callable[[Turn], None]
    let_go: Callable[[Turn], bool]
    used_s: float = 0.0  #: on the device
    waited_s: float = 0.0
    preemptions: int = 0
    joules: float = 0.0  #: that the device used meanwhile
    began_at: float = 0.0
    began_joules: float = 0.0

    def boundary(self) -> None:
        """Let others go first if they are more urgent. Raises UnavailableError when the worker stops."""
        self.pass_on(self)

    def give_up(self) -> bool:
        """Whoever asked for it first does not want it any more; whether nobody else does, so that it may end."""
        return self.let_go(self)


@dataclass
class Place(Generic[T, R]):
    """Where a clip waits, or is made."""

    turn: Turn
    item: T
    heed: Heed = nobody
    result: Future[R] = field(default_factory=Future)
    heard_at: float = 0.0
    unwanted: bool = False  #: by whoever asked first
