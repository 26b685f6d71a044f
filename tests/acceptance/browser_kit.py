"""A headless Chromium for the tests of the page, and a reader of what it shows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

#: A machine may be busy; what never comes fails all the same.
PATIENCE_S = 60.0
expect.set_options(timeout=PATIENCE_S * 1000)

H264 = 'video/mp4; codecs="avc1.640028, mp4a.40.2"'
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium() -> str | None:
    """A Chromium of the system: the one that playwright ships cannot decode H.264."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with an empty profile; the test is skipped, in plain words, where there is none that plays H.264."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(_ARGUMENTS))
        try:
            _check(browser)
            yield browser
        finally:
            browser.close()


def _check(browser: Browser) -> None:
    page = browser.new_page()
    try:
        if not page.evaluate("kind => document.createElement('video').canPlayType(kind)", H264):
            pytest.skip("this Chromium cannot decode H.264")
    finally:
        page.close()


def until_true(page: Page, expression: str, argument: object = None, timeout_s: float = PATIENCE_S) -> None:
    """Wait until a JavaScript function gives something true. What it promises is waited for, each time.

    Playwright's own `wait_for_function` takes the promise itself for the answer, and that is always true.
    """
    deadline = time.monotonic() + timeout_s
    while not _true(page, expression, argument):
        if time.monotonic() > deadline:
            raise AssertionError(f"this did not come true within {timeout_s:g} s: {expression}")
        page.wait_for_timeout(25)


def _true(page: Page, expression: str, argument: object) -> bool:
    try:
        return bool(page.evaluate(f"async (argument) => Boolean(await ({expression})(argument))", argument))
    except Error as error:
        if "context was destroyed" in error.message or "Cannot find context" in error.message:
            return False  # the page is being loaded again
        raise


class Viewer:
    """A person in front of the page."""

    def __init__(self, browser: Browser, url: str, size: dict[str, int] | None = None, **context: Any) -> None:
        self.context = browser.new_context(viewport=size or PHONE, **context)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.url = url

    def _heard(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.errors.append(message.text)

    def open(self, path: str = "") -> Viewer:
        """Go to the page."""
        self.page.goto(self.url + path)
        return self

    def close(self) -> None:
        """Leave; a page that threw an error fails the test."""
        self.context.close()
        assert self.errors == []

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.context.close()

    @property
    def current(self) -> str:
        """The id of the video that fills the stage."""
        return str(self.page.evaluate(_CURRENT))

    def until(self, expression: str, argument: object = None, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a JavaScript expression, or what it promises, is true."""
        until_true(self.page, expression, argument, timeout_s)

    def until_playing(self, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until the current video plays, time goes on, and frames come; its state."""
        self.until(
            f"() => {{ const v = {_VIDEO};"
            " return v && !v.paused && v.currentTime > 0.2 && v.getVideoPlaybackQuality().totalVideoFrames > 0; }",
            None, timeout_s,
        )  # fmt: skip
        state: dict[str, Any] = self.page.evaluate(
            f"() => {{ const v = {_VIDEO}; return {{id: v.closest('article').dataset.id, time: v.currentTime,"
            " muted: v.muted, width: v.videoWidth, height: v.videoHeight,"
            " frames: v.getVideoPlaybackQuality().totalVideoFrames}; }"
        )
        return state

    def next(self, key: str = "ArrowDown") -> str:
        """Swipe to the next video by a key; its id."""
        before = self.current
        self.page.keyboard.press(key)
        self.until(f"before => {_CURRENT} !== before", before)
        return self.current

    def ask(self, text: str) -> None:
        """Ask for a video, by the sheet."""
        self.page.click("#make")
        self.page.fill("#sheet textarea", text)
        self.page.click("button:has-text('Make it')")

    def text(self, selector: str) -> str:
        """What an element says, in one line."""
        try:
            return " ".join(self.page.inner_text(selector).split())
        except Error:
            return ""


_SLIDE = (
    "(() => { const feed = document.querySelector('#feed');"
    " const passed = Math.round(feed.firstElementChild.offsetHeight / feed.clientHeight);"
    " return feed.querySelectorAll('article')[Math.round(feed.scrollTop / feed.clientHeight) - passed]; })()"
)
_CURRENT = f"({_SLIDE}?.dataset.id || '')"
_VIDEO = f"{_SLIDE}?.querySelector('video')"


def swipe_through_three(browser: Browser, url: str) -> list[dict[str, Any]]:
    """Swipe through three videos, each of which must play; what each of them was."""
    with Viewer(browser, url) as viewer:
        viewer.open()
        seen = [viewer.until_playing(150)]
        for key in ("ArrowDown", "j"):
            viewer.next(key)
            seen.append(viewer.until_playing())
    assert len({state["id"] for state in seen}) == 3
    assert all(state["muted"] for state in seen)
    assert all(state["frames"] > 0 and state["height"] > state["width"] > 0 for state in seen)
    return seen
