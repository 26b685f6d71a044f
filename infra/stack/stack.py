"""Kafka and Cassandra for as long as a caller needs them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.settings import settings
from infra.stack import jars, ports, process
from infra.stack.cassandra import LocalCassandra
from infra.stack.errors import NotReadyError, PartDiedError
from infra.stack.kafka import LocalKafka

Local = LocalKafka | LocalCassandra


@dataclass
class Stack:
    """The addresses of a running Kafka and Cassandra; `stop` ends what was started for it. A context manager."""

    kafka: str
    cassandra: str
    #: What was started for it, by name (`kafka`, `cassandra`), and its processes; empty when it was found running.
    parts: dict[str, Local] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def kill(self, name: str) -> None:
        """End one part by SIGKILL, as a crash would."""
        self.processes[name].kill()
        self.processes[name].wait()

    def start(self, name: str) -> None:
        """Start one part, or start it again after `kill`; `wait` tells when it serves."""
        log = self.parts[name].data_dir.with_suffix(".log")
        with log.open("ab") as output:
            self.processes[name] = process.spawn(self.parts[name].command(), output=output)

    def wait(self, name: str, timeout: float = 60.0) -> None:
        """Wait until one part serves; raises PartDiedError if it ends instead, NotReadyError if it takes longer."""
        wait_ready(name, self.parts[name].ready, self.processes[name], time.monotonic() + timeout)

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
    jars.fetch("kafka", "cassandra", mirror=settings().maven)
    stack = _stack(data_dir.resolve(), kafka_port, cassandra_port)
    try:
        _start(stack, timeout)
    except BaseException:
        stack.stop()
        raise
    return stack


def _stack(data_dir: Path, kafka_port: int, cassandra_port: int) -> Stack:
    kafka = LocalKafka(data_dir / "kafka", kafka_port or ports.free_port(pair=True))
    cassandra = LocalCassandra(data_dir / "cassandra", cassandra_port or ports.free_port(pair=True))
    return Stack(kafka.address, cassandra.address, {"kafka": kafka, "cassandra": cassandra})


def _start(stack: Stack, timeout: float) -> None:
    for part in stack.parts.values():
        part.prepare()
    # Cassandra first, it takes longer; Kafka formats its folder meanwhile.
    stack.start("cassandra")
    run_format(stack.parts["kafka"])
    stack.start("kafka")
    for name in stack.parts:
        stack.wait(name, timeout)


def run_format(kafka: Local) -> None:
    """Format the broker's folder if that has not been done."""
    if isinstance(kafka, LocalKafka) and (command := kafka.format_command()):
        log = kafka.data_dir.with_suffix(".log")
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
