"""The same scene asked of two worker processes at once: it is drawn once, and death or a hang of one stops no other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LONGEST_S = 120
WAITS = "another worker is at it"


class Process:
    """A `scene_worker`, whose words go into two files."""

    def __init__(self, folder: Path, name: str, lease_s: float, gate: Path | None = None) -> None:
        self.said, self.logged = folder / f"{name}.out", folder / f"{name}.err"
        words = [str(folder / "data"), str(lease_s), *([str(gate)] if gate else [])]
        with self.said.open("wb") as out, self.logged.open("wb") as err:
            command = [sys.executable, "-m", "tests.integration.scene_worker", *words]
            self.process = subprocess.Popen(command, stdout=out, stderr=err)

    def until(self, words: str, file: Path) -> None:
        """Wait until it says so."""
        end = time.monotonic() + LONGEST_S
        while words not in file.read_text() and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.02)
        assert words in file.read_text(), f"{self.said.read_text()}\n{self.logged.read_text()}"

    def result(self) -> dict[str, Any]:
        """What became of its scene."""
        assert self.process.wait(LONGEST_S) == 0, self.logged.read_text()
        found: dict[str, Any] = json.loads(self.said.read_text().splitlines()[-1])
        return found


@contextmanager
def two(folder: Path, lease_s: float) -> Iterator[tuple[Process, Process, Path]]:
    """One that draws and is held at its first frame, one that waits for it, and the gate that lets the first go on."""
    gate = folder / "gate"
    first = Process(folder, "first", lease_s, gate)
    processes = [first]
    try:
        first.until("drawing", first.said)
        processes.append(second := Process(folder, "second", lease_s))
        second.until(WAITS, second.logged)
        yield first, second, gate
    finally:
        for each in processes:
            each.process.kill()
            each.process.wait(LONGEST_S)


def leases(folder: Path) -> list[Path]:
    return list((folder / "data/artifacts/leases").iterdir())


def test_the_same_scene_in_two_processes_is_drawn_once_and_serves_both(tmp_path: Path) -> None:
    with two(tmp_path, LONGEST_S) as (first, second, gate):
        gate.touch()
        drawn, served = first.result(), second.result()
    assert (drawn["reused"], served["reused"], drawn["clip"]) == (False, True, served["clip"])
    assert "drawing" not in second.said.read_text() and drawn["cpu"] > 0
    assert not leases(tmp_path)


def test_the_work_of_one_that_is_killed_is_taken_over_at_once(tmp_path: Path) -> None:
    # given leases that hold for long, so that it is not their end that is waited for
    with two(tmp_path, 100 * LONGEST_S) as (first, second, _):
        # when
        first.process.kill()
        first.process.wait(LONGEST_S)
        # then
        assert second.result()["reused"] is False
        assert "drawing" in second.said.read_text()


def test_one_that_hangs_holds_nobody_up_and_may_finish_later(tmp_path: Path) -> None:
    with two(tmp_path, 40) as (first, second, gate):
        # given a process that stops in the middle, its lease in hand
        first.process.send_signal(signal.SIGSTOP)
        # then the other draws the scene meanwhile
        taken = second.result()
        assert taken["reused"] is False
        # and what the first one makes later is the same
        first.process.send_signal(signal.SIGCONT)
        gate.touch()
        assert first.result()["clip"] == taken["clip"]
    assert not leases(tmp_path)
