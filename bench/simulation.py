"""A discrete-event simulation of devices that each ask a scheduler at every boundary what to do next.

The scheduler is the real class; only time and work are made up. A clip is a row of segments, in seconds, between which
it can be pre-empted: encoding, each step, each piece of the decoding.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gpu_consumers.scheduling.scheduler import Decision
from gpu_consumers.scheduling.work import Request


class Chooser(Protocol):
    """What the simulation asks: the part of `Scheduler` that a shell uses."""

    def submit(self, request: Request, now: float) -> bool: ...

    def decide(self, now: float) -> Decision: ...

    def charge(self, seconds: float) -> None: ...

    def finish(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Order:
    """A clip that is asked for at `at`, and how long each of its segments really takes."""

    at: float
    request: Request
    segments: Sequence[float]


@dataclass(frozen=True, slots=True)
class Done:
    """A clip that is finished."""

    order: Order
    at: float
    device: int

    @property
    def took(self) -> float:
        """From being asked for to being done."""
        return self.at - self.order.at

    @property
    def late(self) -> bool:
        """Whether its deadline was missed."""
        return self.order.request.deadline is not None and self.at > self.order.request.deadline


@dataclass
class Device:
    """One device: its scheduler, and how far its clips are."""

    chooser: Chooser
    orders: dict[str, Order] = field(default_factory=dict)
    segment: dict[str, int] = field(default_factory=dict)
    running: str | None = None
    since: float = 0.0
    busy: float = 0.0
    backlog: float = 0.0  #: seconds of clips that were not finished, for whoever deals out orders


Place = Callable[[Order, Sequence[Device]], int]
Load = Callable[[str], float]


def simulate(
    orders: Iterable[Order], devices: Sequence[Device], place: Place, *, load: Load = lambda _model: 0.0,
    until: float = float("inf"),
) -> Iterator[Done]:  # fmt: skip
    """Each clip as it is finished. `place` says which device gets an order, `load` how long loading a model takes."""
    events: list[tuple[float, int, Device | None, int]] = []
    arrivals, count = iter(orders), 0
    coming = next(arrivals, None)
    while coming is not None or events:
        if coming is not None and (not events or coming.at <= events[0][0]):
            number = place(coming, devices)
            device, now = devices[number], coming.at
            if now > until:
                return
            device.orders[coming.request.key] = coming
            device.segment.setdefault(coming.request.key, 0)
            device.backlog += sum(coming.segments)
            device.chooser.submit(coming.request, now)
            coming = next(arrivals, None)
            if device.running is not None:
                continue
        else:
            now, _, found, number = heapq.heappop(events)
            if now > until or found is None:
                return
            device = found
            if done := _end(device, now, number):
                yield done
        count += 1
        if ends := _begin(device, now, load):
            heapq.heappush(events, (ends, count, device, number))


def _begin(device: Device, now: float, load: Load) -> float | None:
    decision = device.chooser.decide(now)
    device.running = decision.run
    if decision.run is None:
        return None
    device.since = now + (load(decision.load) if decision.load else 0.0)
    return device.since + device.orders[decision.run].segments[device.segment[decision.run]]


def _end(device: Device, now: float, number: int) -> Done | None:
    key = device.running
    if key is None:
        raise RuntimeError("a device that does nothing cannot end anything")
    device.running = None
    device.chooser.charge(now - device.since)
    device.busy += now - device.since
    device.segment[key] += 1
    order = device.orders[key]
    if device.segment[key] < len(order.segments):
        return None
    device.chooser.finish(key)
    device.backlog -= sum(order.segments)
    del device.orders[key], device.segment[key]
    return Done(order, now, number)
