"""A whole system of one's own, for tests and benches: free ports, its own folder, gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.errors import DeadlineError
from infra.stack import ports

#: Left out of the environment that a private system inherits, so that it finds none of another one's addresses.
_OWN = "SWIPESTREAM_"


@dataclass(frozen=True, kw_only=True)
class PrivateSystem:
    """Addresses and settings of a running system. `env` is what a process needs to belong to it."""

    api_url: str
    gateway_url: str
    kafka: str
    data_dir: Path
    env: Mapping[str, str]
    log: Path

    def cli(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `swipestream …` against it."""
        command = [sys.executable, "-m", "infra.cli", *words]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=timeout, check=False)


@contextmanager
def private_system(
    folder: Path, *, timeout: float = 180, starter: bool = False, **settings: str
) -> Iterator[PrivateSystem]:
    """Start `swipestream up` on free ports and stop it at the end.

    `settings` are names of settings in capitals (`KAFKA`, `WORKERS` …); without `KAFKA` and `CASSANDRA` it starts its
    own. Raises DeadlineError, with the end of the log, when it is not ready in time.
    """
    system = _describe(folder, settings)
    with system.log.open("wb") as log:
        command = [sys.executable, "-m", "infra.cli", "up", *([] if starter else ["--no-starter"])]
        process = subprocess.Popen(command, env=system.env, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(system, process, time.monotonic() + timeout)
        yield system
    finally:
        _end(process)


def _describe(folder: Path, settings: Mapping[str, str]) -> PrivateSystem:
    folder.mkdir(parents=True, exist_ok=True)
    api, gateway, kafka = ports.free_port(), ports.free_port(), ports.free_port(pair=True)
    own = {"DATA_DIR": str(folder / "data"), "API_PORT": str(api), "GATEWAY_PORT": str(gateway)}
    own |= {"KAFKA_PORT": str(kafka), "CASSANDRA_PORT": str(ports.free_port(pair=True))}
    # Never Docker: its containers have fixed names, and somebody's own system may be running in them.
    own |= {"STACK": "jars"}
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    env |= {_OWN + name: value for name, value in (own | dict(settings)).items()}
    return PrivateSystem(
        api_url=f"http://127.0.0.1:{api}",
        gateway_url=f"ws://127.0.0.1:{gateway}",
        kafka=settings.get("KAFKA") or f"127.0.0.1:{kafka}",
        data_dir=folder / "data",
        env=env,
        log=folder / "up.log",
    )


def _wait(system: PrivateSystem, process: subprocess.Popen[bytes], deadline: float) -> None:
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{system.api_url}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    end = system.log.read_text(errors="replace")[-3000:]
    raise DeadlineError(f"The system was not ready in time. Its log ends with:\n{end}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """At once, as the second Ctrl-C does: nobody needs what its stores would still write."""
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    process.kill()
    process.wait(5)
