"""A lock is had by one process at a time, is waited for a while, and is free when its holder ends."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from infra.errors import DeadlineError
from infra.storage.locks import locked, try_locked
from infra.storage.scratch import own_folder

#: A process that takes a lock, says so, and waits until its standard input ends.
_HOLDER = """\
import sys
from pathlib import Path
from infra.storage.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def _holder(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _HOLDER, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def test_what_another_process_holds_is_waited_for_no_longer_than_told(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with _holder(path) as other:
        # given a lock that another process holds, when it is wanted, then the wait ends and says where
        started = time.monotonic()
        with pytest.raises(DeadlineError, match=str(path)), locked(path, 0.3):
            pass
        assert 0.3 <= time.monotonic() - started < 10

        # and when that process is killed, it is free
        other.kill()
        other.wait(10)
        with locked(path, 5):
            pass


def test_who_waits_gets_it_as_soon_as_it_is_free(tmp_path: Path) -> None:
    path, had = tmp_path / ".lock", threading.Event()

    def wait() -> None:
        with locked(path, 10):
            had.set()

    with locked(path):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not had.wait(0.1)
    assert had.wait(10)
    waiting.join(10)


def test_a_root_that_is_held_for_ever_stops_nobody_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.storage.scratch.WAIT_S", 0.2)
    with (
        _holder(tmp_path / ".lock") as other,
        pytest.raises(DeadlineError, match="Another process has held"),
        own_folder(tmp_path),
    ):
        pytest.fail("nobody may sweep meanwhile")
    assert other.returncode == 0


def test_what_is_tried_without_a_wait_is_had_or_not(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with try_locked(path) as first, try_locked(path) as second:
        assert (first, second) == (True, False)
    with try_locked(path) as again:
        assert again
