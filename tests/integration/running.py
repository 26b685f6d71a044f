"""A store from jars, for the tests of one module."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.stack import LocalCassandra, LocalKafka, process
from infra.stack.stack import wait_ready


@contextmanager
def running(name: str, store: LocalKafka | LocalCassandra, log: Path, timeout: float) -> Iterator[None]:
    """Until the end it runs and is ready, which takes `timeout` seconds at most."""
    with log.open("ab") as output:
        child = process.spawn(store.command(), output=output)
    try:
        wait_ready(name, store.ready, child, time.monotonic() + timeout)
        yield
    finally:
        process.stop(child)
