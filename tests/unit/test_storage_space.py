"""Room on the disk: two thresholds, and one question a second."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from infra.settings import Settings
from infra.storage.space import MB, DiskSpace, free_bytes


@dataclass
class Disk:
    """A disk of which the test says how much is free, and a clock."""

    free: int
    now: float = 100.0
    asked: list[Path] = field(default_factory=list)

    def usage(self, path: Path) -> int:
        self.asked.append(path)
        return self.free

    def later(self) -> float:
        self.now += 1.1
        return self.now


def test_it_is_full_below_the_low_mark_and_until_there_is_enough() -> None:
    disk = Disk(free=600 * MB)
    space = DiskSpace(path=Path("/media"), low=500 * MB, enough=900 * MB, free=disk.usage, clock=disk.later)
    told = []
    for free in (600, 501, 499, 700, 899, 900, 600, 499):
        disk.free = free * MB
        told.append(bool(space.shortage()))
    assert told == [False, False, True, True, True, False, False, True]
    assert space.shortage() == "the disk is nearly full: 499 MB are free, work goes on from 900 MB"


def test_the_disk_is_asked_once_a_second_at_most() -> None:
    disk = Disk(free=1)
    space = DiskSpace(path=Path("/media"), low=2, enough=2, free=disk.usage, clock=lambda: disk.now)
    assert all(space.shortage() for _ in range(50))
    assert len(disk.asked) == 1


def test_the_settings_say_where_the_marks_are_and_a_folder_need_not_exist(tmp_path: Path) -> None:
    where = tmp_path / "not" / "yet"
    space = DiskSpace.of(Settings(data_dir=where, disk_low_mb=3, disk_enough_mb=1))
    assert (space.low, space.enough) == (3 * MB, 3 * MB), "enough is never less than low"
    assert free_bytes(where) > 0 and space.shortage() is None
