"""A loop that stands still ends its process; one that turns, or is left, does not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from infra.heartbeat import Heartbeat

PROGRAM = """
import threading, time
from infra import heartbeat
from infra.ending import interrupts
from infra.telemetry import logs

logs.configure()

def hanging():
    with heartbeat.Heartbeat("consumer", patience_s=0.2, every_s=0.05):
        threading.Event().wait(20)

threading.Thread(target=hanging, daemon=True).start()
{main}
"""


def heart(ended: threading.Event) -> Heartbeat:
    return Heartbeat("loop", patience_s=0.3, every_s=0.05, end=lambda _why: ended.set())


def test_a_loop_that_stands_still_is_found_out() -> None:
    ended = threading.Event()
    with heart(ended) as beating:
        beating.beat()
        assert ended.wait(10)


def test_a_loop_that_turns_is_left_alone() -> None:
    ended = threading.Event()
    with heart(ended) as beating:
        for _ in range(20):
            beating.beat()
            time.sleep(0.05)
        assert not ended.is_set()


def test_a_loop_that_was_left_needs_no_beat() -> None:
    ended = threading.Event()
    with heart(ended):
        pass
    assert not ended.wait(0.6)


def test_a_wait_without_a_limit_is_not_counted_and_what_hangs_after_it_is() -> None:
    ended = threading.Event()
    with heart(ended) as beating:
        with beating.resting():
            assert not ended.wait(1)
        assert ended.wait(10)


async def test_an_event_loop_that_is_blocked_is_found_out_and_one_that_turns_is_not() -> None:
    ended = threading.Event()
    with heart(ended) as beating:
        beating.turning(asyncio.get_running_loop())
        await asyncio.sleep(0.6)
        assert not ended.is_set()
        assert ended.wait(10)  # blocks the loop


def ended(main: str) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(main=main)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=40, check=False)


def test_a_process_that_can_drains_and_says_where_it_hung() -> None:
    done = ended("with interrupts() as told:\n    print('drained' if told.wait(20) else 'not told')")
    assert done.stdout.splitlines()[-1] == "drained"
    assert "in hanging" in done.stderr


@pytest.mark.parametrize(
    "hangs",
    [
        "",
        "import logging\nlogging.getLogger().handlers[0].acquire()",  # with a lock of the log
        "import sys\nsys.stderr.close()",
    ],
)
def test_a_process_that_cannot_drain_is_ended_by_force(hangs: str) -> None:
    done = ended(f"{hangs}\nimport signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(30)")
    assert done.returncode == 70
