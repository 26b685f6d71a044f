"""A Kafka of one's own, that a test may stop and start."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.kafka.admin import apply_topics
from infra.stack import LocalKafka, jars, ports, process
from infra.stack.stack import run_format, wait_ready


class Broker:
    """One broker with the project's topics."""

    def __init__(self, folder: Path, kafka: LocalKafka | None = None) -> None:
        self._kafka = kafka or LocalKafka(folder / "kafka", ports.free_port(pair=True))
        self._child: subprocess.Popen[bytes] | None = None
        self._log = folder / "kafka.log"
        self.address = self._kafka.address

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._kafka.prepare()
        run_format(self._kafka)
        with self._log.open("ab") as output:
            self._child = process.spawn(self._kafka.command(), output=output)
        wait_ready("kafka", self._kafka.ready, self._child, time.monotonic() + 90)

    def stop(self) -> None:
        """Stop; what it holds stays."""
        if self._child is not None:
            process.stop(self._child)
            self._child = None


@contextmanager
def broker(folder: Path, kafka: LocalKafka | None = None) -> Iterator[Broker]:
    """A running broker; that of `kafka`, if it is given."""
    jars.fetch("kafka")
    own = Broker(folder, kafka)
    own.start()
    try:
        apply_topics(own.address)
        yield own
    finally:
        own.stop()
