"""Rows into Cassandra: the projector beside the bare driver that writes the same statements, and a rebuild."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from bench.events import log
from bench.events.history import VIEWERS, history
from bench.events.swipes import ROOT, Speed, run
from bench.progress import say
from bench.report import Figure
from infra.cassandra.cluster import cluster
from infra.cassandra.migrate import apply_tables
from infra.settings import Settings
from query_api.projections.positions import TOPICS

#: Events of the log that is rebuilt, and of the piece of it that both ways write in turn.
EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
PIECE, ROUNDS = min(40_000, EVENTS), 2


def figures(kafka: str, cassandra: str) -> list[Figure]:
    """One log for both."""
    settings = Settings(kafka=kafka, cassandra=cassandra)
    say(f"rows: writing a log of {PIECE:,} events")
    _log(kafka, PIECE)
    told = _beside_the_driver(settings)
    say(f"rebuild: writing a log of {EVENTS:,} events")
    _log(kafka, EVENTS)
    return [*told, *_rebuild(settings)]


def _log(kafka: str, events: int) -> None:
    log.renew(kafka, *TOPICS)
    log.write(kafka, history(events))


def _beside_the_driver(settings: Settings) -> list[Figure]:
    """Rounds in turn. What is compared is rows: all send the same ones."""
    found: dict[str, list[Speed]] = {"projector": [], "driver": [], "batches": []}
    for turn in range(ROUNDS):
        for way, speeds in found.items():
            with _keyspace(settings) as own:
                speeds.append(
                    speed := run([sys.executable, "-m", "bench.events.writing", way, str(PIECE)], **_env(own))
                )
            say(f"rows: round {turn + 1} of {ROUNDS}, {way}: {speed.rate:,.0f}/s, {speed.cpu_us:.0f} µs CPU each")
    rate = {name: median(speed.rate for speed in speeds) for name, speeds in found.items()}
    ratio, strict = (
        median(ours.rate / bare.rate for ours, bare in zip(found["projector"], found[way], strict=True))
        for way in ("driver", "batches")
    )
    return [
        Figure(name="projection, from the log into the tables", value=rate["projector"], unit="rows/s",
               against=f"{PIECE:,} events of {VIEWERS:,} viewers; the bare driver {rate['driver']:,.0f}/s"),
        Figure(name="projection beside the bare driver", value=ratio, unit="x", aim=">= 0.8", holds=ratio >= 0.8,
               against="the same rows by execute_concurrent, in memory, as many on their way"),
        Figure(name="projection beside the driver with our batches", value=strict, unit="x",
               against="it neither reads, decodes, projects nor groups: batches of one partition lie ready"),
    ]  # fmt: skip


def _rebuild(settings: Settings) -> list[Figure]:
    with _keyspace(settings) as own:
        words = [sys.executable, "-m", "infra.cli", "projections", "rebuild", "--reason", "bench", "--json"]
        began = time.perf_counter()
        subprocess.run(words, env=os.environ | _env(own), cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=900)
        seconds = time.perf_counter() - began
    say(f"rebuild: {EVENTS:,} events in {seconds:.0f} s")
    return [
        Figure(name=f"rebuild of {EVENTS:,} events", value=seconds, unit="s", aim="< 120 s for 1,000,000",
               holds=None if EVENTS != 1_000_000 else seconds < 120,
               against=f"{EVENTS / seconds:,.0f} events/s; `swipestream projections rebuild`, started and ended"),
    ]  # fmt: skip


@contextmanager
def _keyspace(settings: Settings) -> Iterator[Settings]:
    own = settings.model_copy(update={"keyspace": f"bench_{uuid.uuid4().hex[:8]}"})
    apply_tables(own)
    try:
        yield own
    finally:
        link = cluster(own, request_s=60)
        session = link.connect()
        names = [name for name in link.metadata.keyspaces if name.startswith(own.keyspace)]
        for name in names:
            session.execute(f"DROP KEYSPACE {name}")
        link.shutdown()


def _env(settings: Settings) -> dict[str, str]:
    return {
        "SWIPESTREAM_KAFKA": settings.kafka,
        "SWIPESTREAM_CASSANDRA": settings.cassandra,
        "SWIPESTREAM_KEYSPACE": settings.keyspace,
        "SWIPESTREAM_LOG_LEVEL": "WARNING",
    }
