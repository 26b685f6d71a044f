"""The supervisor with small parts: it starts, restarts and stops them, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from infra.supervisor import leftovers, state
from infra.supervisor.errors import AlreadyRunningError, StartError
from infra.supervisor.part import Part
from infra.supervisor.policy import Backoff
from infra.supervisor.probe import Probe
from infra.supervisor.screen import Screen
from infra.supervisor.supervisor import Supervisor

_SLEEP = "import time; time.sleep(60)"
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
_QUICK = Backoff(first=0.05, longest=0.2)


def _python(name: str, code: str, **how: object) -> Part:
    return Part(name, (sys.executable, "-c", code), **how)  # type: ignore[arg-type]


class Run:
    """A supervisor that runs beside the test, on the same loop."""

    def __init__(self, data_dir: Path, *parts: Part) -> None:
        self.data_dir = data_dir
        (data_dir / "run").mkdir(parents=True)
        self.text = io.StringIO()
        self.supervisor = Supervisor(parts, data_dir, Screen(Console(file=self.text, width=200)), backoff=_QUICK)
        self.up = asyncio.Event()
        self.task = asyncio.create_task(self.supervisor.run(self.up.set))

    async def until(self, true: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.text.getvalue()
            await asyncio.sleep(0.02)

    def part(self, name: str) -> state.PartState:
        run = state.load(self.data_dir)
        return next((part for part in run.parts if part.name == name) if run else iter(()), state.PartState(name))

    async def stop(self) -> float:
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(self.task, 12)
        return time.monotonic() - began


async def test_parts_start_when_what_they_need_is_ready_and_stop_in_reverse(tmp_path: Path) -> None:
    note = f"open({str(tmp_path / 'order')!r}, 'a').write"
    first = _python("first", f"{note}('first '); {_SLEEP}")
    setup = _python("setup", f"import time; time.sleep(.2); {note}('setup ')", once=True, depends_on=("first",))
    last = _python("last", f"{note}('last '); {_SLEEP}", depends_on=("setup",))

    run = Run(tmp_path / "data", last, setup, first)
    await asyncio.wait_for(run.up.wait(), 10)

    assert (tmp_path / "order").read_text() == "first setup last "
    assert [run.part(name).state for name in ("first", "setup", "last")] == ["ready", "done", "ready"]
    assert await run.stop() < 5
    assert run.part("first").state == "stopped"
    assert "first       │ ✓ ready in" in run.text.getvalue()


async def test_a_part_that_dies_is_started_again_and_says_so(tmp_path: Path) -> None:
    run = Run(tmp_path / "data", _python("worker-1", _SLEEP))
    await run.until(lambda: run.part("worker-1").state == "ready")
    pid = run.part("worker-1").pid
    assert pid

    os.kill(pid, signal.SIGKILL)

    await run.until(lambda: run.part("worker-1").state == "ready" and run.part("worker-1").pid != pid)
    assert "worker-1    │ ✗ was killed by SIGKILL, starts again in 0.1 s" in run.text.getvalue().replace("0.05", "0.1")
    assert run.part("worker-1").restarts == 1
    await run.stop()


async def test_failures_in_a_row_wait_longer_each_time(tmp_path: Path) -> None:
    run = Run(tmp_path / "data", _python("flaky", "raise SystemExit(3)"))
    await run.until(lambda: run.part("flaky").restarts >= 3)
    await run.stop()

    delays = [line.split()[-2] for line in run.text.getvalue().splitlines() if "exit code 3" in line]
    assert delays[:3] == ["0.1", "0.1", "0.2"]


async def test_a_vital_part_that_never_starts_ends_the_whole(tmp_path: Path) -> None:
    broken = _python("tables", "print('no keyspace'); raise SystemExit(2)", once=True, vital=True, patience=2)
    run = Run(tmp_path / "data", _python("db", _SLEEP), broken)

    with pytest.raises(StartError, match=r"tables ended with exit code 2, 2 times in a row.*\n.*\n?.*no keyspace"):
        await asyncio.wait_for(run.task, 15)

    assert not leftovers.find(run.data_dir)


async def test_a_one_shot_that_nobody_needs_is_given_up_without_harm(tmp_path: Path) -> None:
    run = Run(
        tmp_path / "data", _python("db", _SLEEP), _python("starter", "raise SystemExit(1)", once=True, patience=2)
    )

    await asyncio.wait_for(run.up.wait(), 10)
    await run.until(lambda: run.part("starter").state == "failed")

    assert not run.task.done()
    await run.stop()


async def test_what_does_not_listen_is_killed_in_time_with_its_children(tmp_path: Path) -> None:
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {_DEAF!r}]); exec({_DEAF!r})"
    run = Run(tmp_path / "data", _python("deaf", child, grace=1.0))
    await run.until(lambda: len(leftovers.find(run.data_dir)) == 2 and run.text.getvalue().count("deaf │") == 0)
    await run.until(lambda: run.text.getvalue().count("│ deaf") == 2)

    assert await run.stop() < 4

    assert not leftovers.find(run.data_dir)
    assert "did not end within 1.0 s, killed" in run.text.getvalue()


async def test_children_of_a_part_that_died_do_not_live_on(tmp_path: Path) -> None:
    child = f"import subprocess, sys, os; print(subprocess.Popen([sys.executable, '-c', {_SLEEP!r}]).pid, flush=True)"
    run = Run(tmp_path / "data", _python("parent", f"{child}; import time; time.sleep(.3); os._exit(1)"))
    log = tmp_path / "data" / "logs" / "parent.log"
    await run.until(lambda: run.part("parent").restarts == 1)

    orphan = int(log.read_text().splitlines()[1])
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE
    await run.stop()


async def test_a_probe_decides_when_a_part_is_ready(tmp_path: Path) -> None:
    server = (
        "import time, http.server as h; time.sleep(.5);"
        "s = h.ThreadingHTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler);"
        f"open({str(tmp_path / 'port')!r}, 'w').write(str(s.server_port)); s.serve_forever()"
    )
    run = Run(tmp_path / "data", _python("late", server, probe=Probe("http", "http://127.0.0.1:1/")))
    await run.until((tmp_path / "port").exists)
    await asyncio.sleep(1.2)
    assert run.part("late").state == "starting"

    assert Probe("http", f"http://127.0.0.1:{(tmp_path / 'port').read_text()}/").answers()
    await run.stop()


async def test_all_that_a_part_says_is_in_its_log_and_a_quiet_one_stays_off_the_terminal(tmp_path: Path) -> None:
    says = "print('12:00 INFO  calm'); print('12:00 ERROR loud', flush=True);"
    run = Run(
        tmp_path / "data", _python("quiet", says + _SLEEP, quiet=True), _python("open", "print('seen');" + _SLEEP)
    )
    await asyncio.wait_for(run.up.wait(), 10)
    await run.until(lambda: "seen" in run.text.getvalue())

    assert "12:00 INFO  calm\n12:00 ERROR loud\n" in (tmp_path / "data" / "logs" / "quiet.log").read_text()
    assert "loud" in run.text.getvalue()
    assert "calm" not in run.text.getvalue()
    await run.stop()


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    run = Run(tmp_path / "data", _python("deaf", _DEAF, grace=8.0))
    await run.until(lambda: "│ deaf" in run.text.getvalue())
    asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), signal.SIGINT)

    assert await run.stop() < 4


async def test_stopping_while_parts_still_start(tmp_path: Path) -> None:
    never = _python("never", _SLEEP, probe=Probe("tcp", "127.0.0.1:1"))
    run = Run(tmp_path / "data", never, _python("waits", _SLEEP, depends_on=("never",)))
    await run.until(lambda: run.part("never").state == "starting")

    assert await run.stop() < 4
    assert not leftovers.find(run.data_dir)


_KILLED = """
import asyncio, io, sys
from pathlib import Path
from rich.console import Console
from infra.supervisor.part import Part
from infra.supervisor.screen import Screen
from infra.supervisor.supervisor import Supervisor

child = "subprocess.Popen([sys.executable, '-c', {sleep!r}], start_new_session=True)"
detached = "import subprocess, sys; " + child + "; {sleep}"
parts = [Part("part", (sys.executable, "-c", detached))]
supervisor = Supervisor(parts, Path({data!r}), Screen(Console(file=io.StringIO())))
asyncio.run(supervisor.run(lambda: print("up", flush=True)))
"""


def test_parts_die_with_a_supervisor_that_is_killed_and_the_rest_is_found(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    code = _KILLED.format(sleep=_SLEEP, data=str(tmp_path))
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout
    with supervisor.stdout as stdout:
        assert stdout.readline() == "up\n"
    part = json.loads(state.state_file(tmp_path).read_text())["parts"][0]["pid"]

    supervisor.kill()
    supervisor.wait()

    deadline = time.monotonic() + 30
    while any(each.pid == part for each in leftovers.find(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    run = state.load(tmp_path)
    assert run and not run.alive
    # The part's own child had left its session: only the mark tells whose it is.
    assert leftovers.end(tmp_path) == 1
    assert not leftovers.find(tmp_path)


def test_two_supervisors_do_not_share_a_folder(tmp_path: Path) -> None:
    with state.exclusive(tmp_path):
        state.save(state.this_run(), tmp_path)
        refused = pytest.raises(AlreadyRunningError, match=f"already running on .*pid {os.getpid()}")
        with refused, state.exclusive(tmp_path):
            pytest.fail("both hold the lock")
    with state.exclusive(tmp_path):
        pass


def test_a_state_file_that_is_broken_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert state.load(tmp_path) is None
    for text in ("", "{", "[]", '{"pid": 1}', '{"pid": 1, "born": 0, "parts": [{}]}'):
        state.state_file(tmp_path).write_text(text)
        assert state.load(tmp_path) is None
