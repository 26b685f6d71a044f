"""The swipe page in a headless Chromium: from a swipe, and from nothing, to the first frame; memory, shifts, bytes.

The page and its gateway are served as they are; the feed behind them is a small one of real files, 1080 × 1920, over
loopback: what a network adds is not in these figures, what the page and the decoder need is.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Sequence, Set
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser

from bench.page_viewer import Ahead, Memory, Watcher, launched
from bench.report import Figure, quantile
from query_api.http.page import FOLDER
from tests.acceptance.page_kit import PageServer, make_clips

SWIPES, STARTS = int(os.environ.get("BENCH_SWIPES", "200")), int(os.environ.get("BENCH_STARTS", "12"))
CLIPS, SIZE, FPS = 6, (1080, 1920), 30
#: Memory is compared from here on: before, elements, decoders and caches are made for the first time. The browser's own
#: settles after about a hundred swipes.
SETTLED = SWIPES // 2


def run() -> Sequence[Figure]:
    """One server, one browser."""
    with tempfile.TemporaryDirectory() as folder:
        server = PageServer(Path(folder), make_clips(Path(folder), CLIPS, SIZE, FPS))
        server.fill(SWIPES + 20)
        _apart(server)
        with server.serving(), launched() as browser:
            starts = [_started(browser, server) for _ in range(STARTS)]
            return [*_cold(starts), *_swiped(browser, server)]


def _apart(server: PageServer) -> None:
    """The same few files under an address of its own for each video: no cache of the browser answers for them."""
    for number, item in enumerate(server.feed):
        told = item["media"].items()
        item["media"] = {name: f"{value}?{number}" if isinstance(value, str) else value for name, value in told}


def _started(browser: Browser, server: PageServer) -> Watcher:
    """A first visit: nothing is cached."""
    with Watcher(browser, server.url) as watcher:
        watcher.start()
    return watcher


def _cold(starts: Sequence[Watcher]) -> Sequence[Figure]:
    times = [start.cold_ms for start in starts]
    return [
        Figure(name=f"cold start → first frame, p50 of {len(times)}", value=median(times), unit="ms"),
        Figure(name="cold start → first frame, p95", value=quantile(times, 0.95), unit="ms", aim="< 1,000 ms",
               holds=quantile(times, 0.95) < 1000),
    ]  # fmt: skip


def _sizes(own: Set[str]) -> Sequence[Figure]:
    """What somebody fetched who swiped, and what only those fetch who ask for a video, report one, or find none."""
    modules = [path for folder in ("feed", "live", "make", "ui") for path in sorted((FOLDER / folder).glob("*.js"))]
    scripts = {name for name in own if name.endswith(".js")}
    later = {str(path.relative_to(FOLDER)) for path in modules} - own
    return [
        _size(f"scripts of a viewer who swipes, {len(scripts)} files, each gzipped", scripts, 40),
        _size(f"scripts that come when they are asked for, {len(later)} files", later, None),
        _size("scripts, style and page of a viewer who swipes", own, None),
    ]


def _size(name: str, files: Set[str], most: int | None) -> Figure:
    size = sum(len(gzip.compress((FOLDER / file).read_bytes())) for file in files) / 1000
    if most is None:
        return Figure(name=name, value=size, unit="KB")
    return Figure(name=name, value=size, unit="KB", aim=f"< {most} KB", holds=size < most)


def _swiped(browser: Browser, server: PageServer) -> Sequence[Figure]:
    with Watcher(browser, server.url) as watcher:
        watcher.start()
        ahead, before = watcher.fetched_ahead(), len(_videos(server))
        early = _after(watcher, SETTLED)
        late = _after(watcher, SWIPES - SETTLED)
        fetched = (len(_videos(server)) - before) / SWIPES
    return [*_sizes(watcher.own), *_times(watcher), *_held(early, late, watcher.shifted, ahead, fetched)]


def _after(watcher: Watcher, swipes: int) -> Memory:
    for _ in range(swipes):
        watcher.swipe()
    return watcher.memory()


def _times(watcher: Watcher) -> Sequence[Figure]:
    frames, keys = watcher.frames, watcher.keys
    p95 = quantile(frames, 0.95)
    return [
        Figure(name=f"swipe → first frame, p50 of {SWIPES}", value=median(frames), unit="ms"),
        Figure(name="swipe → first frame, p95", value=p95, unit="ms", aim="< 100 ms", holds=p95 < 100),
        Figure(name="key → first frame, with the scrolling, p95", value=quantile(keys, 0.95), unit="ms",
               against=f"p50 {median(keys):.0f} ms"),
    ]  # fmt: skip


def _held(early: Memory, late: Memory, shift: float, ahead: Ahead, fetched: float) -> Sequence[Figure]:
    grown, resident, data = late.heap / early.heap, late.resident / early.resident, late.data / early.data
    return [
        Figure(name=f"script memory after {SWIPES} swipes / after {SETTLED}", value=grown, unit="×", aim="≤ 1.1 ×",
               holds=grown <= 1.1, against=f"{early.heap / 2**20:.2f} → {late.heap / 2**20:.2f} MiB"),
        Figure(name="of it data, without compiled code", value=data, unit="×", aim="≤ 1.02 ×", holds=data <= 1.02,
               against=f"{(late.data - early.data) / (SWIPES - SETTLED):.0f} bytes for a video passed"),
        Figure(name=f"browser memory after {SWIPES} swipes / after {SETTLED}", value=resident, unit="×", aim="≤ 1.1 ×",
               holds=resident <= 1.1, against=f"{early.resident / 2**20:.0f} → {late.resident / 2**20:.0f} MiB"),
        Figure(name="listeners after / before", value=late.listeners / early.listeners, unit="×", aim="1 ×",
               holds=late.listeners <= early.listeners, against=f"{early.listeners} → {late.listeners}"),
        Figure(name="nodes for a video passed", value=(late.nodes - early.nodes) / (SWIPES - SETTLED), unit="",
               aim="≤ 1", holds=late.nodes - early.nodes <= SWIPES - SETTLED,
               against=f"{early.nodes} → {late.nodes}"),
        Figure(name="<video> elements", value=late.videos, unit="", aim="≤ 4", holds=late.videos <= 4),
        Figure(name="layout shift, all of it", value=shift, unit="", aim="0", holds=shift == 0),
        Figure(name="bytes fetched ahead", value=ahead.bytes / 2**20, unit="MiB", against=f"{ahead.count} videos"),
        Figure(name="videos fetched for a swipe", value=fetched, unit="", aim="≤ 1.05", holds=fetched <= 1.05),
    ]  # fmt: skip


def _videos(server: PageServer) -> list[str]:
    return [path for path in server.served if path.endswith(".mp4")]
