"""Leases: one process makes an artefact, the others wait for it, and nobody waits for what is dead, hung or later."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.leases import POLL_S, SILENT, Leases

KEY, LEASE_S = "ab" * 32, 20.0


class Hands:
    """A clock that goes on only while somebody sleeps; `then` is called with what it shows."""

    def __init__(self, then: Callable[[float], object] = lambda _now: None) -> None:
        self.now, self._then = 1000.0, then

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._then(self.now)


def leases(folder: Path, home: str, clock: Hands) -> Leases:
    """Those of a process on another machine, as far as anybody can tell."""
    return Leases(folder, LEASE_S, clock=clock, home=home)


def held(folder: Path, home: str, now: float = 1000.0, rank: int = 0) -> ExitStack:
    """A lease that is held by a process that touches it no more."""
    stack = ExitStack()
    seldom = Leases(folder, 1e6, clock=Hands(), home=home)
    assert stack.enter_context(seldom.alone(KEY, rank))
    (file,) = folder.glob(f"{KEY}.*")
    os.utime(file, (now, now))
    return stack


def test_one_waits_until_the_other_is_done(tmp_path: Path) -> None:
    # given a lease that another gives back after a second
    other = held(tmp_path, "there")
    clock = Hands(lambda now: other.close() if now >= 1001 else None)
    # when, then
    with leases(tmp_path, "here", clock).alone(KEY) as mine:
        assert mine and 1001 <= clock.now < 1001 + 2 * POLL_S
    assert not list(tmp_path.iterdir()), "what is done leaves nothing behind"


def test_other_keys_are_not_waited_for(tmp_path: Path) -> None:
    clock = Hands()
    with held(tmp_path, "there"), leases(tmp_path, "here", clock).alone("cd" * 32) as mine:
        assert mine and clock.now == 1000.0


def test_nobody_waits_longer_than_the_lease_however_alive_its_holder_is(tmp_path: Path) -> None:
    # given a holder that touches its lease for ever
    other = held(tmp_path, "there")
    (file,) = tmp_path.glob(f"{KEY}.*")
    clock = Hands(lambda now: os.utime(file, (now, now)))
    # when, then
    with leases(tmp_path, "here", clock).alone(KEY) as mine:
        assert not mine and LEASE_S <= clock.now - 1000 < LEASE_S + 2 * POLL_S
    assert file.exists(), "it is still the other's"
    other.close()


def test_what_is_silent_counts_no_more_and_keeps_nobody_from_the_next(tmp_path: Path) -> None:
    with held(tmp_path, "there"):
        clock = Hands()
        with leases(tmp_path, "here", clock).alone(KEY) as mine:
            assert mine and LEASE_S * SILENT <= clock.now - 1000 < LEASE_S * SILENT + 2 * POLL_S
            # and a third one waits for the second
            third = Hands()
            third.now = clock.now
            with leases(tmp_path, "elsewhere", third).alone(KEY, rank=-1) as none:
                assert not none
        with leases(tmp_path, "elsewhere", clock).alone(KEY) as mine:
            assert mine


def test_the_lease_of_a_process_that_is_gone_counts_no_more_at_once(tmp_path: Path) -> None:
    # given a process that was killed while it held a lease
    script = (
        "import os, sys; from pathlib import Path; from infra.storage.leases import Leases\n"
        f"with Leases(Path(sys.argv[1])).alone('{KEY}'): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60)
    assert len(list(tmp_path.glob(f"{KEY}.*"))) == 1
    # when, then: it is fresh, and yet nobody waits for it
    clock = Hands()
    clock.now = time.time()
    before = clock.now
    with Leases(tmp_path, LEASE_S, clock=clock).alone(KEY) as mine:
        assert mine and clock.now == before


def test_what_is_more_urgent_does_not_wait_for_what_is_less(tmp_path: Path) -> None:
    clock = Hands()
    with held(tmp_path, "there", rank=2):
        with leases(tmp_path, "here", clock).alone(KEY, rank=0) as mine:
            assert not mine and clock.now == 1000.0
        # but what is as urgent does
        with leases(tmp_path, "here", clock).alone(KEY, rank=2):
            assert clock.now > 1000.0


def test_threads_of_a_process_share_a_lease_until_the_last_is_done(tmp_path: Path) -> None:
    ours, clock = leases(tmp_path, "here", Hands()), Hands()
    first, second = ExitStack(), ExitStack()
    assert first.enter_context(ours.alone(KEY)) and second.enter_context(ours.alone(KEY))
    first.close()
    assert len(list(tmp_path.glob(f"{KEY}.*"))) == 1
    second.close()
    with leases(tmp_path, "there", clock).alone(KEY) as mine:
        assert mine and clock.now == 1000.0


def test_the_holder_touches_its_lease(tmp_path: Path) -> None:
    clock = Hands()
    with Leases(tmp_path, 1.0, clock=clock).alone(KEY):
        (file,) = tmp_path.glob(f"{KEY}.*")
        clock.now = 5000.0
        deadline = time.monotonic() + 30
        while file.stat().st_mtime != 5000.0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert file.stat().st_mtime == 5000.0


def test_of_many_that_find_a_dead_lease_one_has_the_next_at_a_time(tmp_path: Path) -> None:
    # given a lease that nobody has touched for long, and eight that want it
    held(tmp_path, "gone", now=1.0)
    inside, most, had, barrier, lock = 0, 0, 0, threading.Barrier(8), threading.Lock()

    def want(number: int) -> None:
        nonlocal inside, most, had
        barrier.wait(30)
        with Leases(tmp_path, 60.0, home=f"home-{number}").alone(KEY) as mine:
            with lock:
                inside, had = inside + mine, had + mine
                most = max(most, inside)
            time.sleep(0.01)
            with lock:
                inside -= mine

    threads = [threading.Thread(target=want, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert (had, most) == (8, 1)


def test_where_no_lease_can_be_written_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "leases").write_text("a file in the way of the folder")
    with LocalArtifactIndex(tmp_path).alone(KEY) as mine:
        assert not mine


def test_a_lease_of_other_code_is_respected_as_long_as_it_is_touched(tmp_path: Path) -> None:
    (tmp_path / f"{KEY}.3").write_text("{}")
    os.utime(tmp_path / f"{KEY}.3", (1000.0, 1000.0))
    clock = Hands()
    with leases(tmp_path, "here", clock).alone(KEY) as mine:
        assert mine and clock.now - 1000 >= LEASE_S * SILENT
        assert {path.name for path in tmp_path.glob(f"{KEY}.*")} == {f"{KEY}.3", f"{KEY}.4"}
