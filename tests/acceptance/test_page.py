"""The page in a headless Chromium, against a small server of its own."""

from __future__ import annotations

import time

import httpx
import pytest
from playwright.sync_api import Browser

from tests.acceptance.axe import violations
from tests.acceptance.browser_kit import DESKTOP, PHONE, Viewer, swipe_through_three
from tests.acceptance.page_kit import PageServer

pytestmark = pytest.mark.timeout(300)


def test_three_videos_play_one_after_another(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    seen = swipe_through_three(browser, server.url)
    assert [state["id"] for state in seen] == [item["video_id"] for item in server.feed[:3]]


def test_a_report_asks_why_and_goes_on(browser: Browser, server: PageServer) -> None:
    server.fill(4)
    with Viewer(browser, server.url) as viewer:
        first = viewer.open().until_playing()["id"]
        viewer.page.keyboard.press("r")
        viewer.page.click("dialog.report button:has-text('Misleading')")
        viewer.until(
            "first => document.querySelector('article')?.dataset.id === first && location.hash !== `#/v/${first}`",
            first,
        )
        viewer.until_playing()
    assert server.reports == [(first, "misleading")]


def test_captions_are_shown_when_asked_for_and_remembered(browser: Browser, server: PageServer) -> None:
    server.fill(4)
    showing = "() => [...document.querySelector('video[src]').textTracks].map(track => track.mode)"
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        modes = viewer.page.evaluate(showing)
        assert modes == ["hidden"] * len(modes) and modes
        viewer.page.keyboard.press("c")
        assert set(viewer.page.evaluate(showing)) == {"showing"}
        viewer.page.reload()
        viewer.until_playing()
        assert set(viewer.page.evaluate(showing)) == {"showing"}


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_has_nothing_to_say_against_the_page(browser: Browser, server: PageServer, size: dict[str, int]) -> None:
    server.fill(4)
    with Viewer(browser, server.url, size) as viewer:
        viewer.open().until_playing()
        assert violations(viewer.page) == []
        viewer.page.click("#make")
        viewer.page.wait_for_selector("#sheet[open]")
        assert violations(viewer.page) == []


def test_axe_has_nothing_to_say_against_an_empty_page(browser: Browser, server: PageServer) -> None:
    with Viewer(browser, server.url) as viewer:
        viewer.open().page.wait_for_selector("#empty:has-text('Your first videos are being made')")
        assert violations(viewer.page) == []


@pytest.mark.parametrize("width", [360, 390, 430])
def test_on_a_phone_the_buttons_leave_the_room_of_captions_free(
    browser: Browser, server: PageServer, width: int
) -> None:
    server.fill(4)
    with Viewer(browser, server.url, {"width": width, "height": 844}) as viewer:
        viewer.open().until_playing()
        drawn, video, thumb = viewer.page.evaluate(_BUTTON)
        # Then a button is drawn in the edge of the video where no words stand, and is as large as a thumb
        assert drawn >= video["left"] + video["width"] * (1 - FREE_EDGE) and thumb >= 44


FREE_EDGE = 0.12  # of a video's width, on its right
_BUTTON = """() => {
  const button = document.querySelector('.action.like'), seen = button.getBoundingClientRect();
  const { left, width } = document.querySelector('.media').getBoundingClientRect();
  return [seen.left + parseFloat(getComputedStyle(button).borderLeftWidth), { left, width }, seen.width];
}"""


def test_the_first_video_has_the_network_to_itself(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.until("() => import('/main.js').then(page => page.feed.stage.prefetch.ready.size >= 5)")
    media = [path for path in server.served if path.startswith("/media/")]
    first = [server.feed[0]["media"][name] for name in ("cover", "video", "captions")]
    assert set(media[: len(first)]) == set(first)


def test_nothing_is_shifted_while_it_starts_and_goes_on(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.page.add_init_script(_SHIFTS)
        viewer.open().until_playing()
        viewer.until("() => import('/main.js').then(page => page.rest).then(() => true)")
        viewer.next()
        viewer.until_playing()
        assert viewer.page.evaluate("window.shifted") == []


_SHIFTS = """window.shifted = [];
new PerformanceObserver((list) => {
  for (const { sources } of list.getEntries()) shifted.push(...sources.map(({ node }) => node?.className || '?'));
}).observe({ type: 'layout-shift', buffered: true });"""


def test_what_is_asked_for_plays_before_the_scrolling_is_over(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.until("() => import('/main.js').then(({ feed }) => feed.stage.seats(feed.list.items[2]))")
        # When two steps are asked for at once
        viewer.page.evaluate(_ARRIVALS)
        told = viewer.page.evaluate(_TWO_STEPS)
        # Then each is where the viewer is at once, and plays, though nothing has moved yet
        assert told == [{"index": 1, "top": 0, "paused": False}, {"index": 2, "paused": False}]
        # And from there nothing goes back
        viewer.until(
            "() => import('/main.js').then(({ feed }) => !feed.slides.heading && feed.slides.column.scrollTop > 0)"
        )
        assert viewer.current == server.feed[2]["video_id"]
        assert viewer.page.evaluate("window.arrivals") == [item["video_id"] for item in server.feed[1:3]]
        assert viewer.until_playing()["id"] == server.feed[2]["video_id"]


def test_a_touch_leads_to_the_next_video_once(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url, has_touch=True) as viewer:
        viewer.open().until_playing()
        viewer.until("() => import('/main.js').then(({ feed }) => feed.stage.seats(feed.list.items[1]))")
        viewer.page.evaluate(_ARRIVALS)
        touch = viewer.context.new_cdp_session(viewer.page)
        for kind, y in [("touchStart", 780), *(("touchMove", y) for y in range(760, 80, -20)), ("touchEnd", None)]:
            points = [{"x": 150, "y": y}] if y else []
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        viewer.until(
            "() => import('/main.js').then(({ feed }) => !feed.slides.heading && feed.slides.column.scrollTop > 0)"
        )
        assert viewer.until_playing()["id"] == server.feed[1]["video_id"]
        assert viewer.page.evaluate("window.arrivals") == [server.feed[1]["video_id"]]


_ARRIVALS = """import('/main.js').then(({ feed }) => {
  window.arrivals = [];
  feed.addEventListener('current', ({ detail }) => window.arrivals.push(detail.video_id));
})"""


_TWO_STEPS = """import('/main.js').then(({ feed }) => {
  feed.step(1);
  const one = { index: feed.list.index, top: feed.slides.column.scrollTop, paused: feed.stage.element.paused };
  feed.step(1);
  return [one, { index: feed.list.index, paused: feed.stage.element.paused }];
})"""


def test_a_deep_link_opens_that_video(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    wanted = server.feed[6]["video_id"]
    with Viewer(browser, server.url) as viewer:
        viewer.open(f"#/v/{wanted}")
        assert viewer.until_playing()["id"] == wanted
        viewer.next()
        assert viewer.until_playing()["id"] == server.feed[0]["video_id"]


def test_a_link_to_nothing_says_so_and_the_feed_goes_on(browser: Browser, server: PageServer) -> None:
    server.fill(3)
    with Viewer(browser, server.url) as viewer:
        viewer.open("#/v/00000000-0000-5000-8000-000000000000")
        viewer.page.wait_for_selector(".toast.error:text-is('That video is not there.')")
        assert viewer.until_playing()["id"] == server.feed[0]["video_id"]


def test_sound_and_likes_are_remembered(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.page.keyboard.press("m")
        viewer.page.keyboard.press("l")
        viewer.until("() => document.documentElement.classList.contains('sound')")
        assert not viewer.until_playing()["muted"]
        viewer.page.keyboard.press(" ")
        viewer.until("() => document.querySelector('article.paused')")
        viewer.page.keyboard.press(" ")
        viewer.until_playing()
        viewer.page.reload()
        viewer.until("() => document.querySelector('article .like')?.getAttribute('aria-pressed') === 'true'")
        assert viewer.page.evaluate("localStorage['swipestream.sound']") == "true"


def test_with_reduced_motion_nothing_plays_before_it_is_asked_for(browser: Browser, server: PageServer) -> None:
    server.fill(4)
    with Viewer(browser, server.url, reduced_motion="reduce") as viewer:
        viewer.open().page.wait_for_selector("article.paused .big")
        time.sleep(0.5)
        assert viewer.page.evaluate("[...document.querySelectorAll('video')].every(video => video.paused)")
        viewer.page.click("article .big >> visible=true")
        viewer.until_playing()


def test_the_page_is_small_and_asks_nobody_else(browser: Browser, server: PageServer) -> None:
    import gzip

    # given a viewer who watches, and swipes
    server.fill(8)
    asked: list[str] = []
    with Viewer(browser, server.url) as viewer:
        viewer.page.on("request", lambda request: asked.append(request.url))
        viewer.open().until_playing()
        viewer.until("() => import('/main.js').then(page => page.rest).then(() => true)")
        cold = viewer.page.evaluate("performance.getEntriesByName('first-frame')[0]?.duration")
        viewer.next()
        viewer.until_playing()
        own = {url for url in asked if url.endswith(".js")}
        # when they ask for a video
        viewer.page.keyboard.press("n")
        viewer.page.wait_for_selector("#sheet[open] textarea")
        later = {url for url in asked if url.endswith(".js")} - own
    # then nobody else was asked for anything, and what a form needs came with it, and not before
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []
    assert any("/client/" in url for url in own) and any(url.endswith("/make/form.js") for url in later)
    assert sum(len(gzip.compress(httpx.get(url).content)) for url in own) < 38_000
    assert cold is None or cold < 5000
