"""All of `python -m bench events`, one after the other."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.events import hop, replaying, rows, swipes
from bench.progress import say
from bench.report import Figure
from infra.kafka.admin import apply_topics
from infra.stack import Stack, start_stack

#: The parts, by the names that BENCH_ONLY takes (`BENCH_ONLY=swipes,hop`); a replay reads the log of the rebuild.
PARTS = ("swipes", "hop", "rows", "replay")


def run() -> Sequence[Figure]:
    """On a Kafka and a Cassandra of its own, or on those of BENCH_STACK=KAFKA,CASSANDRA, whose topics are emptied."""
    chosen = os.environ.get("BENCH_ONLY", ",".join(PARTS)).split(",")
    with _stack() as stack:
        apply_topics(stack.kafka)
        ways = {
            "swipes": lambda: swipes.figures(stack.kafka),
            "hop": lambda: hop.figures(stack.kafka),
            "rows": lambda: rows.figures(stack.kafka, stack.cassandra),
            "replay": lambda: replaying.figures(stack.kafka),
        }
        return [figure for part in PARTS if part in chosen for figure in ways[part]()]


@contextmanager
def _stack() -> Iterator[Stack]:
    if given := os.environ.get("BENCH_STACK"):
        kafka, cassandra = given.split(",")
        yield Stack(kafka, cassandra)
        return
    say("starting a Kafka and a Cassandra")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, start_stack(Path(folder)) as stack:
        yield stack
