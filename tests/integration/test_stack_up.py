"""`swipestream up` as a user runs it: from the jars, with every real part."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.stack import ports
from infra.supervisor import leftovers

pytestmark = pytest.mark.timeout(300)


class System:
    """A folder of its own, ports of its own, and the commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        kafka, cassandra = (ports.free_port(pair=True) for _ in range(2))
        self.api = ports.free_port()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("SWIPESTREAM_")} | {
            "SWIPESTREAM_DATA_DIR": str(self.data),
            "SWIPESTREAM_STACK": "jars",
            "SWIPESTREAM_WORKERS": "1",
            "SWIPESTREAM_KAFKA_PORT": str(kafka),
            "SWIPESTREAM_CASSANDRA_PORT": str(cassandra),
            "SWIPESTREAM_API_PORT": str(self.api),
            "SWIPESTREAM_GATEWAY_PORT": str(ports.free_port()),
        }

    def popen(self, *words: str, **how: Any) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-m", "infra.cli", *words], env=self.env, text=True, **how)

    def run(self, *words: str) -> tuple[int, str, str]:
        with self.popen(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
            out, err = command.communicate(timeout=180)
            return command.returncode, out, err

    def parts(self) -> dict[str, dict[str, Any]]:
        return {part["name"]: part for part in json.loads(self.run("status", "--json")[1])["parts"]}

    def until(self, true: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.run("status")
            time.sleep(0.2)

    def again(self, name: str, pid: int, seconds: float) -> None:
        """Wait until that part is ready as another process."""
        self.until(lambda: (p := self.parts()[name])["state"] == "ready" and p["pid"] != pid, seconds)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    system = System(tmp_path)
    yield system
    system.run("down")
    assert not leftovers.find(system.data)


def test_up_survives_its_parts_and_leaves_nothing(system: System) -> None:
    code, _, told = system.run("up", "--detach", "--no-starter")
    assert code == 0, told
    assert f"http://127.0.0.1:{system.api}/" in told

    parts = system.parts()
    assert {"kafka", "cassandra", "processors", "worker-1", "projector", "api"} == set(parts) - {"disk"}
    assert {part["state"] for part in parts.values()} == {"ready"}

    code, _, told = system.run("up")
    assert code == 75
    assert "already running" in told

    for name, seconds in (("worker-1", 30), ("kafka", 40)):
        os.kill(parts[name]["pid"], signal.SIGKILL)
        system.again(name, parts[name]["pid"], seconds)

    began = time.monotonic()
    assert system.run("down")[0] == 0
    assert time.monotonic() - began < 12
    assert not leftovers.find(system.data)
    assert system.parts() == {}


def test_ctrl_c_while_it_starts_and_a_killed_supervisor_leave_nothing(system: System) -> None:
    with system.popen("up", stderr=subprocess.DEVNULL, start_new_session=True) as first:
        system.until(lambda: len(leftovers.find(system.data)) >= 2, 30)
        began = time.monotonic()
        os.killpg(first.pid, signal.SIGINT)
        assert first.wait(12) == 0
    assert time.monotonic() - began < 10
    assert not leftovers.find(system.data)

    with system.popen("up", stderr=subprocess.DEVNULL) as second:
        system.until(lambda: system.parts().get("kafka", {}).get("state") == "ready", 60)
        java = [each for each in leftovers.find(system.data) if "java" in each.name()]
        second.kill()
    _, alive = psutil.wait_procs(java, timeout=5)
    assert all(each.status() == psutil.STATUS_ZOMBIE for each in alive)

    third = system.popen("up", stderr=subprocess.DEVNULL)
    system.until(lambda: system.parts().get("kafka", {}).get("state") == "ready", 60)
    system.run("down")
    assert third.wait(5) == 0
