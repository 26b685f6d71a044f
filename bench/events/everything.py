"""All of `python -m bench events`, one after the other."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.events import hop, swipes
from bench.events.progress import say
from bench.report import Figure
from infra.kafka.admin import apply_topics
from infra.stack import Stack, start_stack


def run() -> Sequence[Figure]:
    """On a Kafka and a Cassandra of its own, or on those of BENCH_STACK=KAFKA,CASSANDRA, whose topics are emptied."""
    with _stack() as stack:
        apply_topics(stack.kafka)
        return [*swipes.figures(stack.kafka), *hop.figures(stack.kafka)]


@contextmanager
def _stack() -> Iterator[Stack]:
    if given := os.environ.get("BENCH_STACK"):
        kafka, cassandra = given.split(",")
        yield Stack(kafka, cassandra)
        return
    say("starting a Kafka and a Cassandra")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, start_stack(Path(folder)) as stack:
        yield stack
