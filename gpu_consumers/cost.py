"""What a step costs: CPU time of its thread and its finished child processes, GPU time, energy, and the price of it."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field

from gpu_consumers.energy import busy_seconds, own_part, package
from infra.settings import Settings
from schemas.works import Cost


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.thread_time() + children.ru_utime + children.ru_stime


@dataclass
class Meter:
    """Started when made; `read` may be called once the work is done, in the same thread."""

    settings: Settings
    _cpu: float = field(default_factory=_cpu)
    _wall: float = field(default_factory=time.monotonic)
    _busy: float = field(default_factory=busy_seconds)
    _joules: float = field(default_factory=lambda: package().joules())

    def read(self, *, gpu_seconds: float = 0.0, gpu_joules: float = 0.0) -> Cost:
        """The cost so far. `gpu_seconds` and `gpu_joules` are told by backends that use one."""
        cpu = max(0.0, _cpu() - self._cpu)
        amount = cpu * self.settings.price_cpu_second + gpu_seconds * self.settings.price_gpu_second
        joules = own_part(package().joules() - self._joules, cpu, busy_seconds() - self._busy)
        return Cost(
            cpu_seconds=round(cpu, 4),
            gpu_seconds=round(gpu_seconds, 4),
            wall_seconds=round(time.monotonic() - self._wall, 4),
            energy_j=round(joules + gpu_joules, 3),
            amount=round(amount, 8),
            currency=self.settings.currency,
        )
