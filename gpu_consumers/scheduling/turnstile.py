"""The shell of a scheduler: threads that render take turns on one device, and change places at step boundaries.

Each clip is made by a thread of its own. At every boundary it passes the turnstile: if something more urgent waits it
stays there, with all that it has computed so far in its own frames and nothing recomputed later, and so goes on to the
very bits that it would have made undisturbed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from gpu_consumers.errors import TransientBackendError, UnwantedError
from gpu_consumers.scheduling.places import HEED_EVERY_S, Heed, Place, Turn, nobody
from gpu_consumers.scheduling.scheduler import Decision, Scheduler
from gpu_consumers.scheduling.work import Estimate, Request
from infra.errors import UnavailableError

R = TypeVar("R")
T = TypeVar("T")
#: Brings models onto the device and drops others: (to drop, to load).
Swap = Callable[[tuple[str, ...], str | None], None]
#: A clip that has not had a turn for so long is given up, in seconds; it is tried again later or elsewhere.
LONGEST_WAIT_S = 3600.0


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
        self._places: dict[str, Place[Any, Any]] = {}
        self._chosen = Decision()
        self._batches: dict[str, tuple[str, ...]] = {}
        self._orders: list[Decision] = []  #: swaps that nobody has carried out yet
        self._holder: str | None = None  #: whose thread is at work on the device
        self._stopped = False

    def run(
        self, request: Request, item: T, make: Callable[[Turn, Sequence[T]], Sequence[R]], heed: Heed = nobody
    ) -> R:
        """What `make` makes of `item`, or what is being made of the same request already.

        `make` is called in one of the waiting threads, for its own item or for a batch of them, and answers in the
        same order. Raises what it raises, what `heed` raises, `TooLargeError`, `TransientBackendError` after too long a
        wait, and UnavailableError when the worker stops.
        """
        place: Place[T, R]
        while True:
            place, new = self._line_up(request, item, heed)
            if new:
                self._lead(place, make)
            try:
                return self._result(place, heed)
            except UnwantedError:
                if not place.result.done():  # by oneself
                    with self._changed:
                        self._scheduler.withdraw(request.key)
                    raise
                # By who made it: who asked for the same asks again.

    def _line_up(self, request: Request, item: Any, heed: Heed) -> tuple[Place[Any, Any], bool]:
        """Its place; whether it is a new one, or that of the same request."""
        with self._changed:
            new = self._scheduler.submit(request, self._clock())
            if new:
                self._places[request.key] = Place(Turn(request.key, self._boundary, self._let_go), item, heed)
            self._redecide()
            return self._places[request.key], new

    def left(self, key: str) -> Estimate | None:
        """Seconds until it is done, should nothing more urgent come; None where it is not in hand."""
        with self._changed:
            return self._scheduler.eta(key, self._clock()) if key in self._places else None

    def feasible(self, key: str) -> bool:
        """Whether its deadline will be kept, nine times of ten; what is not in hand has none."""
        with self._changed:
            return key not in self._places or self._scheduler.feasible(key, self._clock())

    def set_aside(self, amount: int) -> bool:
        """As `Scheduler.set_aside`."""
        with self._changed:
            done = self._scheduler.set_aside(amount)
            self._redecide()
            return done

    def fits(self, request: Request) -> bool:
        """As `Scheduler.fits`."""
        with self._changed:
            return self._scheduler.fits(request)

    def forget(self, model: str) -> None:
        """As `Scheduler.forget`."""
        with self._changed:
            self._scheduler.forget(model)

    def stop(self) -> None:
        """Let every waiting thread go, with UnavailableError."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _lead(self, place: Place[T, R], make: Callable[[Turn, Sequence[T]], Sequence[R]]) -> None:
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
            if not one.result.done():  # who does not want it any more has gone
                one.result.set_result(result)
        with self._changed:
            self._changed.notify_all()

    def _result(self, place: Place[T, R], heed: Heed) -> R:
        while place.result.done() or not self._stopped:
            try:
                return place.result.result(HEED_EVERY_S)
            except TimeoutError:
                if place.result.done():
                    raise
            if left := self.left(place.turn.key):
                heed(left)
        raise UnavailableError("the worker stops")

    def _boundary(self, turn: Turn) -> None:
        self._settle()
        with self._changed:
            self._charge(turn)
            self._redecide()
        place = self._places[turn.key]
        self._await(place)
        self._tell(place)

    def _tell(self, place: Place[Any, Any]) -> None:
        """Let it hear when it will be there. Where it does not want that any more, others may."""
        if self._clock() - place.heard_at < HEED_EVERY_S or (left := self.left(place.turn.key)) is None:
            return
        place.heard_at = self._clock()
        try:
            place.heed(left)
        except UnwantedError:
            if place.turn.give_up():
                raise

    def _let_go(self, turn: Turn) -> bool:
        with self._changed:
            if (place := self._places.get(turn.key)) is None:
                return True
            if not place.unwanted:
                place.unwanted = True
                return self._scheduler.withdraw(turn.key)
            return self._scheduler.askers(turn.key) <= 0

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

    def _await(self, place: Place[Any, Any]) -> bool:
        """Wait for the turn; False where the result came first, from the batch of another."""
        turn, since = place.turn, self._clock()
        while not self._taken(place, since):
            if place.result.done():
                return False
            self._tell(place)
        self._carry_out(self._taken_orders(turn.key))
        turn.began_at, turn.began_joules = self._clock(), self._joules()
        turn.waited_s += turn.began_at - since
        return True

    def _taken(self, place: Place[Any, Any], since: float) -> bool:
        """Take the device, where it is this one's turn; else wait a little."""
        turn = place.turn
        with self._changed:
            if self._mine(turn):
                return True
            if not place.result.done():
                if self._stopped:
                    raise UnavailableError("the worker stops")
                if self._clock() - since > self._longest:
                    raise TransientBackendError(f"no turn on the device within {self._longest:g} s")
                self._changed.wait(HEED_EVERY_S)
            return self._mine(turn)

    def _mine(self, turn: Turn) -> bool:
        if self._holder is not None or self._chosen.run != turn.key:
            return False
        self._holder, turn.began_at, turn.began_joules = turn.key, self._clock(), self._joules()
        return True

    def _taken_orders(self, key: str) -> list[Decision]:
        """What is to be carried out now: all that is to be dropped, and one's own model. Another, who was chosen before
        and has not come yet, loads theirs: what goes wrong there is their failure alone."""
        with self._changed:
            orders = self._orders
            self._orders = [replace(one, evict=()) for one in orders if one.load and one.run != key]
            return [one if one.run == key else replace(one, load=None) for one in orders]

    def _carry_out(self, orders: Sequence[Decision]) -> None:
        """All that leaves goes first: an order that is overtaken was made for a device that was full otherwise."""
        evict = tuple(dict.fromkeys(name for order in orders for name in order.evict))
        load = next((order.load for order in reversed(orders) if order.load), None)
        if evict or load:
            self._swap(evict, load)

    def _end(self, place: Place[Any, Any]) -> None:
        with self._changed:
            if self._holder == place.turn.key:
                self._charge(place.turn)
            self._scheduler.finish(place.turn.key)
            self._orders = [replace(one, load=None) if one.run == place.turn.key else one for one in self._orders]
            for key in self._batches.pop(place.turn.key, (place.turn.key,)):
                self._places.pop(key, None)
            self._redecide()


def _fail(company: Sequence[Place[Any, Any]], error: BaseException) -> None:
    for one in company:
        if not one.result.done():
            one.result.set_exception(error)
