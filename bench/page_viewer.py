"""A viewer in a headless Chromium who notes what the browser measures."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import psutil
from playwright.sync_api import Browser, CDPSession, Response, sync_playwright

from infra.errors import DeadlineError, SwipestreamError

PATIENCE_S = 60
#: How long a video is looked at before the next swipe, at least.
DWELL_MS = 150
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


class NoBrowserError(SwipestreamError):
    """There is no Chromium on this machine."""

    hint = "apt-get install chromium"


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes of the scripts' heap after a collection, of it the `data` alone (code is compiled better and better for
    hundreds of swipes), and of the browser's processes; how many <video> elements, nodes and listeners there are."""

    heap: float
    data: int
    resident: int
    videos: int
    nodes: int
    listeners: int


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """Videos in memory before they are shown."""

    count: int
    bytes: int


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser with an empty profile: the system's, since the one of Playwright cannot decode H.264."""
    path = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if path is None:
        raise NoBrowserError
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Watcher:
    """One visit. `cold_ms`: navigation to first frame; `frames` and `keys`: milliseconds from a swipe, and from the key
    that began it, to the first frame; `own`: the page's files that were fetched."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._context = browser.new_context(viewport={"width": 390, "height": 844})
        self._page, self._url = self._context.new_page(), url
        self._page.set_default_timeout(PATIENCE_S * 1000)
        self._page.add_init_script(_NOTES)
        self._page.on("response", self._keep)
        self.cold_ms = self._shifted = 0.0
        self.frames: list[float] = []
        self.keys: list[float] = []
        self.own: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._page.is_closed():
            self._shifted = float(self._page.evaluate("window.shifted || 0"))
        self._context.close()

    def _keep(self, answer: Response) -> None:
        name = answer.url.removeprefix(self._url) or "index.html"
        if name.endswith((".js", ".css", ".html")):
            self.own.add(name)

    def start(self) -> None:
        """Go to the page and wait for the first frame, and then for the rest of the page."""
        self._page.goto(self._url, wait_until="commit")
        first = self._page.evaluate(_FRAMES, 1)
        self.cold_ms = first["start"] + first["took"]
        self._until(_IS_WHOLE)

    def fetched_ahead(self) -> Ahead:
        """What is held once everything that is to be fetched ahead is there."""
        self._until(_FIVE_ARE_THERE)
        held = self._page.evaluate(f"{_PREFETCH}.then(({{ ready, bytes }}) => ({{ count: ready.size, bytes }}))")
        return Ahead(**held)

    def swipe(self) -> None:
        """Once the next video is in memory and this one was looked at for a moment: on to it."""
        seen = self._page.evaluate("window.next_is_there()")
        self._page.wait_for_timeout(DWELL_MS)
        self._page.keyboard.press("ArrowDown")
        frame = self._page.evaluate(_FRAMES, seen + 1)
        self.frames.append(frame["took"])
        self.keys.append(frame["start"] + frame["took"] - frame["pressed"])

    def _until(self, expression: str, argument: object = None) -> None:
        """Wait until it, or what it promises, is true: `wait_for_function` takes a promise itself for true."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._page.evaluate(expression, argument):
            if time.monotonic() > deadline:
                raise DeadlineError(f"The page did not come to this in {PATIENCE_S} s: {expression}")
            self._page.wait_for_timeout(5)

    def memory(self) -> Memory:
        """What is held now, after a collection of garbage."""
        self._until(_FIVE_ARE_THERE)
        session = self._context.new_cdp_session(self._page)
        # What the browser keeps only while there is room, such as decoded covers, is none of the page's holding.
        session.send("Memory.simulatePressureNotification", {"level": "critical"})
        session.send("HeapProfiler.collectGarbage")
        self._page.wait_for_timeout(1000)
        heap: dict[str, Any] = session.send("Runtime.getHeapUsage")
        counted: dict[str, int] = session.send("Memory.getDOMCounters")
        data = _data(session)
        session.detach()
        videos = self._page.evaluate("import('/main.js').then(({ feed }) => feed.stage.pool.seats.length)")
        return Memory(
            heap=heap["usedSize"], data=data, resident=_resident(), videos=videos,
            nodes=counted["nodes"], listeners=counted["jsEventListeners"],
        )  # fmt: skip

    @property
    def shifted(self) -> float:
        """The sum of all layout shifts of this visit, those after an input included."""
        return self._shifted


def _data(session: CDPSession) -> int:
    """Bytes of objects, arrays, strings and closures: a snapshot of the heap without code and the browser's own."""
    parts: list[str] = []
    session.on("HeapProfiler.addHeapSnapshotChunk", lambda event: parts.append(event["chunk"]))
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    found = json.loads("".join(parts))
    fields, (kinds, *_) = (found["snapshot"]["meta"][name] for name in ("node_fields", "node_types"))
    nodes, step = found["nodes"], len(fields)
    sizes = zip(nodes[fields.index("type") :: step], nodes[fields.index("self_size") :: step], strict=True)
    return sum(size for kind, size in sizes if kinds[kind] not in ("code", "native", "synthetic"))


def _resident() -> int:
    """Bytes that are this browser's own: every process that it has, without what they share."""
    browsers = [each for each in psutil.Process().children(recursive=True) if "chrom" in each.name()]
    return sum(each.memory_full_info().uss for each in browsers if each.is_running())


#: Gives the frame of that number once it was seen. Nothing is asked meanwhile: that would slow what is measured, and
#: every script that is handed in from here is kept by the browser, in the memory that is measured.
_FRAMES = "(number) => window.frame_seen(number)"
_IS_WHOLE = "() => import('/main.js').then(page => page.rest).then(() => true)"
_PREFETCH = "import('/main.js').then(page => page.feed.stage.prefetch)"
_FIVE_ARE_THERE = f"() => {_PREFETCH}.then(({{ ready }}) => ready.size >= 5)"
_NOTES = """
window.shifted = 0;
let [frames, newest, pressed, hear] = [0, null, 0, () => {}];
new PerformanceObserver((list) => {
  for (const { name, startTime, duration } of list.getEntries())
    if (name === 'first-frame') (frames += 1), (newest = { start: startTime, took: duration });
  hear();
}).observe({ type: 'measure', buffered: true });
window.frame_seen = async (number) => {
  while (frames < number) await new Promise((heard) => (hear = heard));
  return { ...newest, pressed };
};
window.next_is_there = async () => {
  const { feed } = await import('/main.js');
  const { prefetch } = feed.stage;
  const there = (card) => card && prefetch.ready.has(card.video_id) && feed.slides.is(card.video_id, 'painted');
  while (!there(feed.list.items[feed.list.index + 1])) await new Promise((later) => setTimeout(later, 5));
  return frames;
};
new PerformanceObserver((list) => { for (const { value } of list.getEntries()) window.shifted += value; })
  .observe({ type: 'layout-shift', buffered: true });
addEventListener('keydown', () => (pressed = performance.now()), true);
"""
