"""Energy meters: what the CPU packages and a GPU have used so far, where the system lets itself be asked.

RAPL counts the whole package; a step is charged for its part of the CPU time that the machine was busy meanwhile.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

_POWERCAP = Path("/sys/class/powercap")
_TICKS = os.sysconf("SC_CLK_TCK")


class PackageEnergy:
    """Joules of all CPU packages since it was made; 0 for ever where RAPL is not there or not readable."""

    def __init__(self, root: Path = _POWERCAP) -> None:
        self._zones = [zone for zone in sorted(root.glob("intel-rapl:*")) if zone.name.count(":") == 1]
        self._last = {zone: found for zone in self._zones if (found := _number(zone / "energy_uj")) is not None}
        self._sum = 0.0

    @property
    def readable(self) -> bool:
        """Whether there is a meter at all."""
        return bool(self._last)

    def joules(self) -> float:
        """What was used so far. The counters wrap every few minutes or hours; ask more often than that."""
        for zone, last in self._last.items():
            if (now := _number(zone / "energy_uj")) is None:
                continue
            wrapped = (_number(zone / "max_energy_range_uj") or 0) if now < last else 0
            self._sum += (now + wrapped - last) / 1e6
            self._last[zone] = now
        return self._sum


class GpuEnergy:
    """Joules that one GPU has used since its driver was loaded; 0 for ever where NVML does not tell, as of a MIG slice.

    `uuid`: without `GPU-`, as torch has it. NVML counts all GPUs, CUDA those that a process may see: numbers differ.
    """

    def __init__(self, uuid: str, library: Any = None) -> None:
        self._library, self._handle = library or _nvml(), ctypes.c_void_p()
        self.readable = bool(self._library) and self._answers(f"GPU-{uuid}".encode())

    def _answers(self, uuid: bytes) -> bool:
        opened = self._library.nvmlInit_v2() == 0
        if not opened or self._library.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(self._handle)) != 0:
            return False
        return self._millijoules() is not None

    def joules(self) -> float:
        """What was used so far."""
        return (self._millijoules() or 0) / 1000 if self.readable else 0.0

    def _millijoules(self) -> int | None:
        found = ctypes.c_ulonglong()
        answer = self._library.nvmlDeviceGetTotalEnergyConsumption(self._handle, ctypes.byref(found))
        return int(found.value) if answer == 0 else None


def busy_seconds(stat: Path = Path("/proc/stat")) -> float:
    """CPU-seconds that the whole machine has worked since it started; 0 where it does not tell."""
    try:
        user, nice, system, _idle, _wait, irq, soft = map(int, stat.read_text().split("\n", 1)[0].split()[1:8])
    except (OSError, ValueError):
        return 0.0
    return (user + nice + system + irq + soft) / _TICKS


def own_part(joules: float, cpu_seconds: float, busy: float) -> float:
    """A step's part of what a package used while the machine was busy for `busy` CPU-seconds."""
    return joules * min(1.0, cpu_seconds / busy) if busy > 0 else 0.0


@cache
def package() -> PackageEnergy:
    """The meter of this process."""
    return PackageEnergy()


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _nvml() -> Any:
    try:
        return ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
