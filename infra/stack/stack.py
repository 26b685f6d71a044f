"""Kafka and Cassandra for as long as a caller needs them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.stack import jars, ports, process
from infra.stack.cassandra import LocalCassandra
from infra.stack.errors import NotReadyError, PartDiedError
from infra.stack.kafka import LocalKafka


@dataclass
class Stack:
    """The addresses of a running Kafka and Cassandra; `stop` ends what was started for it. A context manager."""

    kafka: str
    cassandra: str
    #: The processes behind it by part, empty when it was found running.
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def stop(self) -> None:
        """End every process that was started; does nothing the second time."""
        process.stop(*self.processes.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_stack(data_dir: Path, kafka_port: int = 0, cassandra_port: int = 0, *, timeout: float = 120.0) -> Stack:
    """Start both from the jars with everything under `data_dir`, and wait until they serve; port 0 takes a free one.

    The processes end with `stop`, or with the calling thread, however that ends. Starting again with the same folder
    goes on with the same data.
    """
    jars.fetch("kafka", "cassandra")
    data_dir = data_dir.resolve()
    kafka = LocalKafka(data_dir / "kafka", kafka_port or ports.free_port(pair=True))
    cassandra = LocalCassandra(data_dir / "cassandra", cassandra_port or ports.free_port(pair=True))
    stack = Stack(kafka.address, cassandra.address)
    try:
        _start(stack, kafka, cassandra, time.monotonic() + timeout)
    except BaseException:
        stack.stop()
        raise
    return stack


def _start(stack: Stack, kafka: LocalKafka, cassandra: LocalCassandra, deadline: float) -> None:
    # Cassandra first, it takes longer; Kafka formats its folder meanwhile.
    cassandra.prepare()
    stack.processes["cassandra"] = _spawn(cassandra.command(), _log(cassandra))
    kafka.prepare()
    run_format(kafka, _log(kafka))
    stack.processes["kafka"] = _spawn(kafka.command(), _log(kafka))
    wait_ready("kafka", kafka.ready, stack.processes["kafka"], deadline)
    wait_ready("cassandra", cassandra.ready, stack.processes["cassandra"], deadline)


def run_format(kafka: LocalKafka, log: Path) -> None:
    """Format the broker's folder if that has not been done."""
    if command := kafka.format_command():
        with log.open("ab") as output:
            if code := process.spawn(command, output=output).wait(60):
                raise PartDiedError(f"Kafka's folder could not be formatted (exit code {code}).", hint=f"See {log}.")


def wait_ready(name: str, ready: Callable[[], bool], child: subprocess.Popen[bytes], deadline: float) -> None:
    """Wait until `ready()`; raises PartDiedError when the process ends before, NotReadyError at the deadline."""
    while not ready():
        if (code := child.poll()) is not None:
            raise PartDiedError(f"{name} ended while it started (exit code {code}).")
        if time.monotonic() > deadline:
            raise NotReadyError(f"{name} did not get ready in time.")
        time.sleep(0.1)


def _spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return process.spawn(command, output=output)


def _log(part: LocalKafka | LocalCassandra) -> Path:
    return part.data_dir.with_suffix(".log")
