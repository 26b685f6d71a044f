"""A device of known speed, and jobs for it, for the tests of the scheduler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.simulation import Device, Done, Order, simulate
from gpu_consumers.scheduling.memory import Memory
from gpu_consumers.scheduling.policy import Policy
from gpu_consumers.scheduling.scheduler import Scheduler
from gpu_consumers.scheduling.work import Estimate, Request, Work
from schemas.values import Lane

WORK = Work(model="small", width=480, height=832, frames=81, steps=4, backend="eager")
NO_BATCH = Policy(batch_most=1)


class KnownCosts:
    """Every step takes `step` seconds, every model `loads` to load; `gains` by batch size."""

    def __init__(self, step: float = 1.0, loads: float = 0.0, gains: Mapping[int, float] | None = None) -> None:
        self._step, self._loads, self._gains = step, loads, gains or {}

    def clip(self, work: Work, batch: int = 1) -> Estimate:
        seconds = self._step * work.steps * batch / self.gain(work, batch)
        return Estimate(seconds, seconds)

    def step(self, work: Work) -> Estimate:
        return Estimate(self._step, self._step)

    def load(self, model: str) -> Estimate:
        return Estimate(self._loads, self._loads)

    def gain(self, work: Work, batch: int) -> float:
        return self._gains.get(batch, 1.0)


def scheduler(
    *, costs: KnownCosts | None = None, capacity: int = 100, weights: Mapping[str, int] | None = None,
    policy: Policy = NO_BATCH,
) -> Scheduler:  # fmt: skip
    return Scheduler(costs or KnownCosts(), Memory(capacity, dict(weights or {})), policy)


def request(
    key: str, lane: Lane = Lane.INTERACTIVE, *, deadline: float | None = None, steps: int = 4, model: str = "small",
    peak: int = 1, held: int = 0,
) -> Request:  # fmt: skip
    work = Work(model=model, width=480, height=832, frames=81, steps=steps, backend="eager")
    return Request(key=key, work=work, lane=lane, deadline=deadline, peak=peak, held=held)


def order(at: float, asked: Request, step: float = 1.0) -> Order:
    return Order(at, asked, [step] * asked.work.steps)


def run(orders: Sequence[Order], chooser: Scheduler | None = None, until: float = float("inf")) -> list[Done]:
    """What one device finishes, in the order in which it does."""
    device = Device(chooser or scheduler())
    return list(simulate(sorted(orders, key=lambda one: one.at), [device], lambda _order, _all: 0, until=until))
