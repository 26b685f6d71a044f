"""A system whose parts each reach Kafka and Cassandra through proxies of their own, so that each can be cut off alone.

A broker tells its clients where it is, so each part needs a listener that advertises the part's own proxy.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from infra.errors import DeadlineError
from infra.settings import Settings
from infra.stack import LocalCassandra, LocalKafka, jars, ports, process
from infra.stack.stack import Stack, run_format
from infra.supervisor import plan
from tests.chaos.proxy import Network, Proxy
from tests.chaos.system import FLAVORS, UNLIMITED

#: The API holds the producer of prompts and swipes, and the gateway.
PARTS = ("api", "processors", "worker-1", "projector")


@dataclass(frozen=True, kw_only=True)
class Doors:
    """The running system: its addresses, and the proxies of each part."""

    settings: Settings
    kafka: Mapping[str, Proxy]
    cassandra: Mapping[str, Proxy]

    def of(self, part: str) -> tuple[Proxy, Proxy]:
        """Both proxies of a part."""
        return self.kafka[part], self.cassandra[part]

    def heal(self) -> None:
        """Every line is as it should be."""
        for proxy in (*self.kafka.values(), *self.cassandra.values()):
            proxy.heal()


@contextmanager
def doors(folder: Path) -> Iterator[Doors]:
    """Start everything; gone at the end. The settings name the stores themselves, without a proxy."""
    jars.fetch("kafka", "cassandra")
    with Network() as network:
        listeners = {part: ports.free_port() for part in PARTS}
        to_kafka = {part: network.proxy(f"127.0.0.1:{listeners[part]}") for part in PARTS}
        with _stores(folder, listeners, to_kafka) as stack:
            to_cassandra = {part: network.proxy(stack.cassandra) for part in PARTS}
            settings = Settings(
                data_dir=folder / "data", api_port=ports.free_port(), gateway_port=ports.free_port(),
                kafka=stack.kafka, cassandra=stack.cassandra, workers=1, ahead=1, flavor_dirs=(FLAVORS,),
            )  # fmt: skip
            found = Doors(settings=settings, kafka=to_kafka, cassandra=to_cassandra)
            with _supervised(found, folder / "up.log"):
                yield found


@contextmanager
def _stores(folder: Path, listeners: Mapping[str, int], proxies: Mapping[str, Proxy]) -> Iterator[Stack]:
    kafka = LocalKafka(folder / "kafka", ports.free_port(pair=True))
    cassandra = LocalCassandra(folder / "cassandra", ports.free_port(pair=True))
    kafka.prepare()
    cassandra.prepare()
    add_listeners(folder / "kafka" / "server.properties", listeners, proxies)
    run_format(kafka)
    with Stack(kafka.address, cassandra.address, {"kafka": kafka, "cassandra": cassandra}) as stack:
        for name in stack.parts:
            stack.start(name)
        for name in stack.parts:
            stack.wait(name, 120)
        yield stack


def add_listeners(file: Path, listeners: Mapping[str, int], proxies: Mapping[str, Proxy]) -> None:
    """One for each part: it listens at a port of its own, and says that it is found at the part's proxy."""
    settings = dict(line.split("=", 1) for line in file.read_text().splitlines())
    for part, port in listeners.items():
        name = part.upper().replace("-", "_")
        settings["listeners"] += f",{name}://127.0.0.1:{port}"
        settings["advertised.listeners"] += f",{name}://{proxies[part].address}"
        settings["listener.security.protocol.map"] += f",{name}:PLAINTEXT"
    file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))


@contextmanager
def _supervised(found: Doors, log: Path) -> Iterator[None]:
    """The parts, under the supervisor that `swipestream up` has."""
    settings = found.settings
    env = {name: value for name, value in os.environ.items() if not name.startswith("SWIPESTREAM_")}
    env |= {
        f"SWIPESTREAM_{name.upper()}": json.dumps(list(map(str, value))) if isinstance(value, tuple) else str(value)
        for name, value in settings.model_dump().items()
        if name in ("data_dir", "api_port", "gateway_port", "kafka", "cassandra", "workers", "ahead", "flavor_dirs")
    }
    env |= {f"SWIPESTREAM_{name}": value for name, value in UNLIMITED.items()}
    lines = {part: [proxy.address for proxy in found.of(part)] for part in PARTS}
    command = [sys.executable, "-m", "tests.chaos.doors", json.dumps(lines)]
    with log.open("wb") as output:
        child = subprocess.Popen(process.tied(command), env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        _wait(settings, log)
        yield
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(5)


def _wait(settings: Settings, log: Path, timeout: float = 120) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{settings.api_url}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise DeadlineError(f"The system was not ready in time. Its log ends with:\n{log.read_text()[-3000:]}")


def parts_behind(settings: Settings, lines: Mapping[str, tuple[str, str]]) -> list[plan.Part]:
    """The parts of a system, each with the addresses that it alone uses."""

    def behind(part: plan.Part) -> plan.Part:
        if part.name not in lines:
            return part
        kafka, cassandra = lines[part.name]
        own = {"SWIPESTREAM_KAFKA": kafka, "SWIPESTREAM_CASSANDRA": cassandra}
        return replace(part, env={**part.env, **own})

    return [behind(part) for part in plan.app_parts(settings, starter=False)]


def main() -> None:
    """Run the parts until a signal; the one argument says which lines each of them uses."""
    import asyncio

    from infra.cli.console import err
    from infra.supervisor import state
    from infra.supervisor.screen import Screen
    from infra.supervisor.supervisor import Supervisor

    settings = Settings()
    with state.exclusive(settings.data_dir):
        parts = parts_behind(settings, json.loads(sys.argv[1]))
        asyncio.run(Supervisor(parts, settings.data_dir, Screen(err)).run())


if __name__ == "__main__":
    main()
