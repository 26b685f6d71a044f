"""What a step costs: CPU time of its thread and of its finished child processes, wall time, and the price of it."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field

from infra.settings import Settings
from schemas.values import Cost


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.thread_time() + children.ru_utime + children.ru_stime


@dataclass
class Meter:
    """Started when made; `read` may be called once the work is done, in the same thread."""

    settings: Settings
    _cpu: float = field(default_factory=_cpu)
    _wall: float = field(default_factory=time.monotonic)

    def read(self, *, gpu_seconds: float = 0.0) -> Cost:
        """The cost so far. `gpu_seconds` are added by backends that use one."""
        cpu = max(0.0, _cpu() - self._cpu)
        amount = cpu * self.settings.price_cpu_second + gpu_seconds * self.settings.price_gpu_second
        return Cost(
            cpu_seconds=round(cpu, 4),
            gpu_seconds=round(gpu_seconds, 4),
            wall_seconds=round(time.monotonic() - self._wall, 4),
            amount=round(amount, 8),
            currency=self.settings.currency,
        )
