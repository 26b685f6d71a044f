"""The end of a process: what it cannot do without ends it, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.ending import ANEW

PROGRAM = """
from infra.ending import interrupts, vital
with interrupts() as stopped:
    vital(lambda: {work}, "consumer").start()
    print("drained" if stopped.wait({wait_s}) else "at work")
"""


@pytest.mark.parametrize(("work", "wait_s", "told"), [("1 / 0", 10, "drained"), ("None", 0.5, "at work")])
def test_a_thread_that_fails_ends_the_process_and_one_that_is_done_does_not(
    work: str, wait_s: float, told: str
) -> None:
    program = PROGRAM.format(work=work, wait_s=wait_s)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.splitlines()[-1] == told
    assert ("ZeroDivisionError" in ended.stdout + ended.stderr) == (told == "drained")


WHY = """
import os, signal, time
from infra.ending import drain, end_within, interrupts
from infra.starting import ending_told
with ending_told(), interrupts() as stopped:
    {end}
    stopped.wait(10)
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGTERM)", 0),
        ("end_within(0.1); os.kill(os.getpid(), signal.SIGTERM); time.sleep(10)", 0),
        ("drain()", ANEW),
        ("drain(); end_within(0.1); time.sleep(10)", ANEW),
    ],
)
def test_the_exit_code_says_whether_a_process_was_told_to_end(end: str, code: int) -> None:
    ended = subprocess.run([sys.executable, "-c", WHY.format(end=end)], capture_output=True, timeout=30, check=False)
    assert ended.returncode == code, ended.stderr
