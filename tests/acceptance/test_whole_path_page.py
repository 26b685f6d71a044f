"""The page against the whole system: real videos play, and a prompt typed into the page becomes one."""

from __future__ import annotations

import os
import time

import httpx
import pytest
from playwright.sync_api import Browser

from tests.acceptance.browser_kit import Viewer, swipe_through_three

pytestmark = pytest.mark.timeout(300)

WANTED = 3


@pytest.fixture(scope="module")
def url(request: pytest.FixtureRequest) -> str:
    """A running system: the one that the environment names (`SWIPESTREAM_PAGE_URL`), else one of the tests' own."""
    if given := os.environ.get("SWIPESTREAM_PAGE_URL"):
        return given.rstrip("/") + "/"
    return str(request.getfixturevalue("system").api_url).rstrip("/") + "/"


def ready(url: str) -> int:
    """How many videos a new viewer would get."""
    answer = httpx.get(f"{url}v1/feed", params={"viewer": f"count-{time.time_ns()}", "limit": WANTED}, timeout=10)
    return len(answer.json()["items"]) if answer.status_code == 200 else 0


def test_three_videos_of_the_system_play(browser: Browser, url: str) -> None:
    for number in range(WANTED - ready(url)):
        prompt = {"text": f"Small wonder number {number}", "target_seconds": 15}
        httpx.post(f"{url}v1/prompts", json=prompt, timeout=10).raise_for_status()
    deadline = time.monotonic() + 200
    while ready(url) < WANTED and time.monotonic() < deadline:
        time.sleep(1)
    seen = swipe_through_three(browser, url)
    assert all((state["width"], state["height"]) == (1080, 1920) for state in seen)


def test_a_prompt_typed_into_the_page_is_made_before_ones_eyes(browser: Browser, url: str) -> None:
    with Viewer(browser, url) as viewer:
        viewer.open().ask("Why does the moon have a face?")
        viewer.page.wait_for_selector("#sheet .job .bar")
        viewer.page.wait_for_selector("#sheet .job:has-text('scene')", timeout=100_000)
        viewer.page.wait_for_selector("#sheet .job.ready", timeout=200_000)
        viewer.page.click("#sheet button:has-text('Watch it')")
        viewer.until("() => /^#\\/v\\//.test(location.hash)")
        state = viewer.until_playing(60)
        assert state["id"] in viewer.page.url
