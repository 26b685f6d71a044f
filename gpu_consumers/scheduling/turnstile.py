"""The shell of a scheduler: threads that render take turns on one device, and change places at step boundaries.

Each clip is made by a thread of its own. At every boundary it passes the turnstile: if something more urgent waits it
stays there, with all that it has computed so far in its own frames and nothing recomputed later, and so goes on to the
very bits that it would have made undisturbed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gpu_consumers.errors import TransientBackendError, UnwantedError
from gpu_consumers.scheduling.scheduler import Decision, Scheduler
from gpu_consumers.scheduling.work import Request
from infra.errors import UnavailableError

R = TypeVar("R")
T = TypeVar("T")
#: Brings models onto the device and drops others: (to drop, to load).
Swap = Callable[[tuple[str, ...], str | None], None]
#: A clip that has not had a turn for so long is given up, in seconds; it is tried again later or elsewhere.
LONGEST_WAIT_S = 3600.0


@dataclass
class Turn:
    """One clip's place at the turnstile. `boundary` is called after each step by the thread that makes the clip."""

    key: str
    pass_on: Callable[[Turn], None]
    used_s: float = 0.0  #: on the device
    waited_s: float = 0.0
    preemptions: int = 0
    joules: float = 0.0  #: that the device used meanwhile
    began_at: float = 0.0
    began_joules: float = 0.0

    def boundary(self) -> None:
        """Let others go first if they are more urgent. Raises UnavailableError when the worker stops."""
        self.pass_on(self)


@dataclass
class _Place(Generic[T, R]):
    turn: Turn
    item: T
    result: Future[R] = field(default_factory=Future)


class Turnstile:
    """Threads over one `Scheduler`. `run` may be called from any number of them."""

    def __init__(
        self, scheduler: Scheduler, *, swap: Swap | None = None, settle: Callable[[], None] | None = None,
        joules: Callable[[], float] = lambda: 0.0, clock: Callable[[], float] = time.monotonic,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:  # fmt: skip
        """`settle` waits until the device has done what was asked of it, so that times are those of the device.

        `joules` reads its meter.
        """
        self._scheduler, self._clock, self._longest = scheduler, clock, longest_wait_s
        self._swap, self._settle = swap or (lambda _evict, _load: None), settle or (lambda: None)
        self._joules, self._changed = joules, threading.Condition()
        self._places: dict[str, _Place[Any, Any]] = {}
        self._chosen = Decision()
        self._batches: dict[str, tuple[str, ...]] = {}
        self._orders: list[Decision] = []  #: swaps that nobody has carried out yet
        self._holder: str | None = None  #: whose thread is at work on the device
        self._stopped = False

    def run(self, request: Request, item: T, make: Callable[[Turn, Sequence[T]], Sequence[R]]) -> R:
        """What `make` makes of `item`, or what is being made of the same request already.

        `make` is called in one of the waiting threads, for its own item or for a batch of them, and answers in the
        same order. Raises what it raises, `TooLargeError`, `TransientBackendError` after too long a wait, and
        UnavailableError when the worker stops.
        """
        place: _Place[T, R]
        while True:
            place, new = self._line_up(request, item)
            if new:
                self._lead(place, make)
            # Who made it does not want it any more: who asked for the same asks again.
            with suppress(UnwantedError):
                return self._result(place)

    def _line_up(self, request: Request, item: Any) -> tuple[_Place[Any, Any], bool]:
        """Its place; whether it is a new one, or that of the same request."""
        with self._changed:
            new = self._scheduler.submit(request, self._clock())
            if new:
                self._places[request.key] = _Place(Turn(request.key, self._boundary), item)
            self._redecide()
            return self._places[request.key], new

    def stop(self) -> None:
        """Let every waiting thread go, with UnavailableError."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _lead(self, place: _Place[T, R], make: Callable[[Turn, Sequence[T]], Sequence[R]]) -> None:
        company = [place]
        try:
            if not self._await(place):
                return  # it was made in the batch of another
            company = [one for key in self._batches[place.turn.key] if (one := self._places.get(key))]
            results = make(place.turn, [one.item for one in company])
        except BaseException as error:
            self._end(place)
            _fail(company, error)
            raise
        self._end(place)
        for one, result in zip(company, results, strict=True):
            one.result.set_result(result)
        with self._changed:
            self._changed.notify_all()

    def _result(self, place: _Place[T, R]) -> R:
        while place.result.done() or not self._stopped:
            try:
                return place.result.result(1.0)
            except TimeoutError:
                if place.result.done():
                    raise
        raise UnavailableError("the worker stops")

    def _boundary(self, turn: Turn) -> None:
        self._settle()
        with self._changed:
            self._charge(turn)
            self._redecide()
        self._await(self._places[turn.key])

    def _charge(self, turn: Turn) -> None:
        spent = self._clock() - turn.began_at
        turn.used_s += spent
        turn.joules += self._joules() - turn.began_joules
        self._scheduler.charge(spent)
        self._holder = None

    def _redecide(self) -> None:
        """Ask the scheduler, with the lock held; not while a step is under way: it decides when that ends."""
        if self._holder is not None:
            return
        self._chosen = chosen = self._scheduler.decide(self._clock())
        if chosen.suspended:
            self._places[chosen.suspended].turn.preemptions += 1
        if chosen.evict or chosen.load:
            self._orders.append(chosen)
        if chosen.run and chosen.batch:
            self._batches[chosen.run] = chosen.batch
        self._changed.notify_all()

    def _await(self, place: _Place[Any, Any]) -> bool:
        """Wait for the turn; False where the result came first, from the batch of another."""
        turn, since = place.turn, self._clock()
        with self._changed:
            while self._holder is not None or self._chosen.run != turn.key:
                if place.result.done():
                    return False
                if self._stopped:
                    raise UnavailableError("the worker stops")
                if self._clock() - since > self._longest:
                    raise TransientBackendError(f"no turn on the device within {self._longest:g} s")
                self._changed.wait(1.0)
            self._holder, turn.began_at, turn.began_joules = turn.key, self._clock(), self._joules()
            orders, self._orders = self._orders, []
        for order in orders:
            self._swap(order.evict, order.load)
        turn.began_at, turn.began_joules = self._clock(), self._joules()
        turn.waited_s += turn.began_at - since
        return True

    def _end(self, place: _Place[Any, Any]) -> None:
        with self._changed:
            if self._holder == place.turn.key:
                self._charge(place.turn)
            self._scheduler.finish(place.turn.key)
            for key in self._batches.pop(place.turn.key, (place.turn.key,)):
                self._places.pop(key, None)
            self._redecide()


def _fail(company: Sequence[_Place[Any, Any]], error: BaseException) -> None:
    for one in company:
        if not one.result.done():
            one.result.set_exception(error)
