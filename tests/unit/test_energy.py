"""Energy meters: RAPL's files, NVML's answers, and nothing where there is neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gpu_consumers.cost import Meter
from gpu_consumers.energy import GpuEnergy, PackageEnergy, busy_seconds, own_part
from infra.settings import Settings


def zone(root: Path, name: str, used: int, most: int = 1_000_000_000) -> Path:
    folder = root / name
    folder.mkdir(exist_ok=True)
    (folder / "energy_uj").write_text(f"{used}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    return folder


def test_packages_are_summed_and_their_parts_are_not_counted_again(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 5_000_000)
    zone(tmp_path, "intel-rapl:1", 7_000_000)
    zone(tmp_path, "intel-rapl:0:0", 1_000_000)
    meter = PackageEnergy(tmp_path)
    zone(tmp_path, "intel-rapl:0", 6_500_000)
    zone(tmp_path, "intel-rapl:1", 7_500_000)
    zone(tmp_path, "intel-rapl:0:0", 900_000_000)
    assert meter.readable and meter.joules() == pytest.approx(2.0)


def test_a_counter_that_wraps_goes_on(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 900_000_000)
    meter = PackageEnergy(tmp_path)
    zone(tmp_path, "intel-rapl:0", 100_000_000)
    assert meter.joules() == pytest.approx(200.0)


def test_without_a_meter_nothing_is_told(tmp_path: Path) -> None:
    meter = PackageEnergy(tmp_path)
    assert (meter.readable, meter.joules()) == (False, 0.0)


def test_a_step_is_charged_for_its_part_of_the_busy_time(tmp_path: Path) -> None:
    assert own_part(100.0, cpu_seconds=1.0, busy=4.0) == 25.0
    assert own_part(100.0, cpu_seconds=5.0, busy=4.0) == 100.0
    assert own_part(100.0, cpu_seconds=1.0, busy=0.0) == 0.0
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 50 25 1000 9 15 10 0 0 0\ncpu0 1 1 1 1\n")
    assert busy_seconds(stat) == pytest.approx(2.0)
    assert busy_seconds(tmp_path / "none") == 0.0


class Driver:
    """Answers as NVML does, in millijoules; `status` other than 0 is an error."""

    def __init__(self, status: int = 0) -> None:
        self.status, self.used = status, 5_000

    def nvmlInit_v2(self) -> int:  # noqa: N802 - NVML's name
        return 0

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: Any) -> int:  # noqa: N802
        return 0 if uuid == b"GPU-0b1c" else 6

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any, found: Any) -> int:  # noqa: N802
        found._obj.value = self.used
        return self.status


def test_a_gpu_tells_what_it_has_used() -> None:
    driver = Driver()
    meter = GpuEnergy("0b1c", driver)
    driver.used = 7_500
    assert meter.readable and meter.joules() == 7.5


@pytest.mark.parametrize("meter", [GpuEnergy("0b1d", Driver()), GpuEnergy("0b1c", Driver(status=3))])
def test_a_gpu_that_does_not_tell_counts_as_nothing(meter: GpuEnergy) -> None:
    assert (meter.readable, meter.joules()) == (False, 0.0)


def test_the_price_counts_cpu_and_gpu_seconds() -> None:
    config = Settings(price_cpu_second=0.0, price_gpu_second=2.0, currency="EUR")
    cost = Meter(config).read(gpu_seconds=1.5, gpu_joules=40.0)
    assert (cost.amount, cost.currency, cost.gpu_seconds) == (3.0, "EUR", 1.5)
    assert cost.energy_j >= 40.0
