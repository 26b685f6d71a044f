"""Swipes through the whole processor, beside Quix Streams doing the same job and beside a bare consumer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench.events import log
from bench.events.peers import HERE, python_with
from bench.progress import say
from bench.report import Figure
from schemas.topics import PROCESSORS, TABLES, changelog

#: Swipes of a round, by so many viewers; the first tenth warms up.
COUNT = int(os.environ.get("BENCH_SWIPES", "60000"))
VIEWERS = 1000
ROUNDS = 2
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Speed:
    """What a stopwatch told."""

    records: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for a record."""
        return self.cpu_seconds / self.records * 1e6


Way = Callable[[], Speed]


def figures(kafka: str) -> list[Figure]:
    """Rounds in turn, so that all ways share the noise; medians."""
    say(f"swipes: writing {COUNT:,}")
    log.renew(kafka, "swipes")
    log.write(kafka, log.swipes(COUNT, VIEWERS))
    ways = _ways(kafka)
    found: dict[str, list[Speed]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        for name, way in ways.items():
            clean(kafka)
            found[name].append(speed := way())
            say(f"swipes: round {turn + 1} of {ROUNDS}, {name}: {speed.rate:,.0f}/s, {speed.cpu_us:.0f} µs CPU each")
    return _told(found)


def _ways(kafka: str) -> dict[str, Way]:
    ways: dict[str, Way] = {"ours": lambda: _ours(kafka)}
    if python := python_with("quix"):
        ways["same"] = lambda: _quix(python, kafka, "same")
        ways["plain"] = lambda: _quix(python, kafka, "plain")
    ways["bare"] = lambda: run([sys.executable, "-m", "bench.events.bare", kafka, "swipes", str(COUNT)])
    return ways


def clean(kafka: str) -> None:
    log.forget(kafka, PROCESSORS)
    log.renew(kafka, "feed-events", "prompts", *map(changelog, TABLES))


def _ours(kafka: str) -> Speed:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return run(
            [sys.executable, "-m", "bench.events.ours", str(COUNT)],
            SWIPESTREAM_KAFKA=kafka, SWIPESTREAM_DATA_DIR=folder, SWIPESTREAM_LOG_LEVEL="WARNING",
        )  # fmt: skip


def _quix(python: Path, kafka: str, mode: str) -> Speed:
    group = f"quix-{uuid.uuid4().hex[:8]}"
    words = [str(python), "-W", "ignore", str(HERE / "quix.py"), kafka, group, str(COUNT), mode]
    return run(words, PYTHONPATH=str(ROOT))


def run(words: Sequence[str], **more: str) -> Speed:
    done = subprocess.run(
        words, env=os.environ | more, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    try:
        return Speed(**json.loads(done.stdout.strip().splitlines()[-1]))
    except (IndexError, ValueError, TypeError) as error:
        raise RuntimeError(f"{words} told nothing: {done.stderr[-2000:]}") from error


def _told(found: dict[str, list[Speed]]) -> list[Figure]:
    rate = {name: median(speed.rate for speed in speeds) for name, speeds in found.items()}
    cpu = {name: median(speed.cpu_us for speed in speeds) for name, speeds in found.items()}
    what = f"{COUNT:,} swipes of {VIEWERS:,} viewers"
    told = [
        Figure(name="swipes through the processor", value=rate["ours"], unit="records/s",
               against=f"{what}; {cpu['ours']:.0f} µs CPU each; a bare consumer {rate['bare']:,.0f}/s"),
    ]  # fmt: skip
    if "same" not in found:
        return [replace(told[0], against=f"{told[0].against}; Quix Streams could not be installed: not measured")]
    ratio = {
        name: median(own.rate / peer.rate for own, peer in zip(found["ours"], found[name], strict=True))
        for name in ("same", "plain")
    }
    return [
        *told,
        Figure(name="swipes beside Quix Streams, same decisions and contracts", value=ratio["same"], unit="x",
               aim=">= 1", holds=ratio["same"] >= 1, against=f"{rate['same']:,.0f}/s, {cpu['same']:.0f} µs CPU each"),
        Figure(name="swipes beside Quix Streams, bare dictionaries", value=ratio["plain"], unit="x",
               against=f"{rate['plain']:,.0f}/s, {cpu['plain']:.0f} µs CPU each; no contracts, no prompts ahead"),
    ]  # fmt: skip
