"""The page while the network, the API or the gateway is away."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser

from tests.acceptance.browser_kit import Viewer
from tests.acceptance.page_kit import PageServer

pytestmark = pytest.mark.timeout(300)


def test_the_next_five_play_without_a_network(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        media = {item["media"]["video"] for item in server.feed[1:6]}
        viewer.until("() => import('/main.js').then(page => page.feed.stage.prefetch.ready.size >= 5)")
        assert media <= set(server.served)
        viewer.context.set_offline(True)
        for _ in range(5):
            viewer.next()
            assert viewer.until_playing()["frames"] > 0


def test_the_page_starts_without_a_network_and_plays_what_was_to_come(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        # Given a page that has fetched the next five, and its own files for a second visit
        viewer.open().until_playing()
        viewer.until("() => navigator.serviceWorker.controller")
        viewer.page.reload()
        viewer.until_playing()
        viewer.until("() => caches.open('swipestream-media').then(cache => cache.keys()).then(keys =>"
                     " keys.filter(one => one.url.endsWith('.mp4')).length >= 5)")  # fmt: skip
        # When there is no network at all, and the page is opened again
        viewer.context.set_offline(True)
        viewer.page.reload()
        # Then it plays, and goes on
        seen = {viewer.until_playing()["id"]}
        for _ in range(3):
            viewer.next()
            seen.add(viewer.until_playing()["id"])
        assert len(seen) == 4


def test_swipes_are_sent_and_survive_a_server_that_is_away(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        server.broken = 503
        viewer.next()
        viewer.until_playing()
        viewer.page.keyboard.press("l")
        viewer.next()
        time.sleep(2)
        assert server.swipes == []
        server.broken = 0
        viewer.until("() => (JSON.parse(localStorage['swipestream.swipes'] || '[]')).length === 0")
    actions = [(swipe["video_id"], swipe["action"]) for swipe in server.swipes]
    first, second = (item["video_id"] for item in server.feed[:2])
    assert actions[0][0] == first
    assert (second, "liked") in actions
    assert len({swipe["swipe_id"] for swipe in server.swipes}) == len(server.swipes)


def test_a_gateway_that_goes_away_is_said_and_what_was_missed_comes_once(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.page.wait_for_selector("#badge[data-state=live]")
        server.stop_gateway()
        viewer.page.wait_for_selector("#badge[data-state=offline]")
        viewer.page.wait_for_selector("#notice:has-text('The server is away')")
        server.tell(server.event(70))
        server.start_gateway()
        viewer.page.wait_for_selector("#badge[data-state=live]")
        viewer.page.wait_for_selector("#pill:has-text('1 new video')")
        assert viewer.page.is_hidden("#notice")


def test_an_api_that_is_away_is_said_and_asked_again(browser: Browser, server: PageServer) -> None:
    server.fill(4)
    server.broken = 503
    with Viewer(browser, server.url) as viewer:
        viewer.open().page.wait_for_selector("#empty:has-text('The server is away')")
        server.broken = 0
        viewer.until_playing()
        server.broken = 503
        viewer.next()
        viewer.page.wait_for_selector("#notice:has-text('Kafka does not answer.')")
        assert viewer.text("#badge") == "Delayed"
        server.broken = 0
        server.fill(8, first=20)
        viewer.page.wait_for_selector("#badge[data-state=live]")
        assert viewer.page.is_hidden("#notice")


def test_a_form_that_cannot_be_fetched_is_said_and_comes_with_the_network(browser: Browser, server: PageServer) -> None:
    server.fill(3)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.until("() => import('/main.js').then(page => page.rest).then(() => true)")
        viewer.context.set_offline(True)
        viewer.page.keyboard.press("n")
        viewer.page.wait_for_selector("#toasts:has-text('This needs the server, which is away.')")
        viewer.context.set_offline(False)
        viewer.page.keyboard.press("n")
        viewer.page.wait_for_selector("#sheet[open] textarea")
