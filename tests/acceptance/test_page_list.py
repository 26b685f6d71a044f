"""The page's list: what is new, what is behind, and what is held of it all."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser

from schemas import ids
from schemas.values import Origin
from schemas.videos import RevisionPromoted, VideoPublished
from tests.acceptance.browser_kit import DESKTOP, Viewer
from tests.acceptance.page_kit import PageServer

pytestmark = pytest.mark.timeout(300)

#: Nodes of an empty slide: the element, and two parts that its style adds.
EMPTY = 3


def test_new_videos_are_offered_and_never_move_the_current_one(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.next()
        viewer.until_playing()
        viewer.page.wait_for_selector("#badge[data-state=live]")
        before = viewer.current
        server.tell(server.event(60), server.event(61))
        viewer.page.wait_for_selector("#pill:has-text('2 new videos')")
        time.sleep(0.3)
        assert viewer.current == before
        viewer.page.click("#pill")
        viewer.until("id => document.location.hash.endsWith(id)", ids.video_id("page-60"))
        assert viewer.until_playing()["id"] == ids.video_id("page-60")


def test_what_is_made_ahead_for_others_comes_to_a_page_that_is_short_of_videos_and_to_no_other(
    browser: Browser, server: PageServer
) -> None:
    def for_another(number: int) -> VideoPublished:
        return server.event(number, origin=Origin.PREFETCH, viewer="another")

    held = "import('/main.js').then(page => page.feed.list.items.map(card => card.video_id))"
    hear = "frame => frame.detail.type === 'video' && told.push(frame.detail.video_id)"
    listen = f"import('/main.js').then(page => (window.told = [], page.socket.addEventListener('frame', {hear})))"
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        # given a page with enough ahead of it
        viewer.open().until_playing()
        viewer.page.wait_for_selector("#badge[data-state=live]")
        viewer.page.evaluate(listen)
        assert len(viewer.page.evaluate(held)) == 8
        # when something is made for another, then it is not even told
        server.tell(for_another(70))
        server.tell(server.event(71))
        viewer.until("id => told.includes(id)", ids.video_id("page-71"))
        assert viewer.page.evaluate("told") == [ids.video_id("page-71")]
        # and when few are left, it fills the gap
        for _ in range(6):
            viewer.next()
        viewer.until("() => import('/main.js').then(page => page.socket.lobby)")
        server.tell(for_another(72))
        viewer.until(f"id => {held}.then(ids => ids.includes(id))", ids.video_id("page-72"))


def test_a_draft_that_lies_ahead_is_played_in_full_and_the_current_one_goes_on(
    browser: Browser, server: PageServer
) -> None:
    def in_full(number: int) -> RevisionPromoted:
        video, cover = server.clips[(number + 1) % len(server.clips)]
        draft = server.event(number).model_dump(include=set(RevisionPromoted.model_fields))
        changes = {"revision": 2, "title": f"In full {number}", "video": video, "cover": cover}
        return RevisionPromoted.model_validate(
            draft | changes | {"listed_us": draft["ts_us"], "by": "drafts", "replaces_draft": True}
        )

    server.fill(3)
    with Viewer(browser, server.url) as viewer:
        # given a page that plays a draft and holds the next ones, drafts too, in memory
        viewer.open().until_playing()
        viewer.page.wait_for_selector("#badge[data-state=live]")
        source = "document.querySelector(`.slide[data-id='${id}'] video`)?.src"
        viewer.until(f"id => ({source} || '').startsWith('blob:')", ids.video_id("page-1"))
        before, playing, next_one = (
            viewer.current, *(viewer.page.evaluate(f"id => {source}", ids.video_id(f"page-{n}")) for n in (0, 1))
        )  # fmt: skip
        # when all are there in full
        server.tell(*(in_full(number) for number in range(3)))
        viewer.until(f"([id, old]) => ({source} || old) !== old", [ids.video_id("page-1"), next_one])
        # then what is played goes on, and what comes next is the full one, which no one is told of as news
        assert viewer.current == before
        assert viewer.page.evaluate(f"id => {source}", ids.video_id("page-0")) == playing
        assert viewer.page.locator("#pill").is_hidden()
        viewer.next()
        assert viewer.until_playing()["id"] == ids.video_id("page-1")
        label = "id => document.querySelector(`.slide[data-id='${id}']`).ariaLabel"
        assert [viewer.page.evaluate(label, ids.video_id(f"page-{n}")) for n in (1, 2)] == ["In full 1", "In full 2"]


def counted(viewer: Viewer) -> dict[str, int]:
    """Nodes and listeners that the browser holds once all that is fetched ahead is there, after a collection."""
    viewer.until_playing()
    viewer.until("() => import('/main.js').then(page => page.feed.stage.prefetch.ready.size >= 5)")
    session = viewer.context.new_cdp_session(viewer.page)
    session.send("HeapProfiler.collectGarbage")
    found: dict[str, int] = session.send("Memory.getDOMCounters")
    session.detach()
    return found


def test_forty_swipes_keep_four_elements_and_few_blobs_and_leak_nothing(browser: Browser, server: PageServer) -> None:
    server.fill(60)
    with Viewer(browser, server.url, DESKTOP) as viewer:
        viewer.open().until_playing()
        for _ in range(10):
            viewer.next()
        early = counted(viewer)
        for _ in range(30):
            viewer.next()
        late = counted(viewer)
        assert late["nodes"] - early["nodes"] <= EMPTY * 30 + 100
        assert late["jsEventListeners"] <= early["jsEventListeners"] + 10
        assert viewer.page.evaluate("performance.getEntriesByType('measure').length") <= 1
        assert viewer.page.evaluate("document.querySelectorAll('video').length") <= 4
        held = viewer.page.evaluate("import('/main.js').then(page => page.feed.stage.prefetch.ready.size)")
        filled = viewer.page.evaluate("document.querySelectorAll('article .media').length")
        assert held <= 9
        assert filled <= 10


def test_what_lies_far_behind_is_let_go_and_comes_back(browser: Browser, server: PageServer) -> None:
    server.fill(60)
    with Viewer(browser, server.url) as viewer:
        # given a page that holds five videos behind the current one
        viewer.open().until_playing()
        viewer.page.evaluate("import('/main.js').then(({ feed }) => (feed.list.behind = 5))")
        for _ in range(16):
            viewer.next()
        viewer.until(_TIDY)
        early, slides = counted(viewer), viewer.page.locator("article").count()
        # when the viewer goes on
        for _ in range(20):
            viewer.next()
        viewer.until(_TIDY)
        late, more = counted(viewer), viewer.page.locator("article").count() - slides
        # then the page holds no more than before but some empty slides, and says all the same where the viewer is
        assert late["nodes"] - early["nodes"] <= 30 + EMPTY * more
        # and nothing comes back to one who only goes on
        assert [path for path in server.served if path.startswith("/v1/videos/")] == []
        assert viewer.page.evaluate(_HELD) <= 5 + 10 + 15
        assert viewer.current == server.feed[36]["video_id"]
        assert viewer.page.evaluate(_PLACE)[0] == "37" and int(viewer.page.evaluate(_PLACE)[1]) >= 37
        # and going back, all come again in their order and play; one that was withdrawn is no longer there
        gone = server.feed.pop(20)["video_id"]
        for number in reversed(range(36)):
            if number == 20:
                continue
            viewer.until("() => import('/main.js').then(({ feed }) => feed.list.index > 0)")
            viewer.next("ArrowUp")
            assert viewer.current == server.feed[number - (number > 20)]["video_id"]
        assert viewer.until_playing()["id"] == server.feed[0]["video_id"]
        assert viewer.page.evaluate("feed.firstElementChild.offsetHeight") == 0
        assert viewer.page.locator(f"article[data-id='{gone}']").count() == 0


_TIDY = "() => import('/main.js').then(({ feed }) => feed.list.index < feed.list.behind + 10)"


_HELD = """import('/main.js').then(({ feed }) =>
  Math.max(feed.list.items.length, document.querySelectorAll('article').length))"""


_PLACE = """import('/main.js').then(({ feed }) => {
  const slide = document.querySelector(`[data-id='${feed.list.current.video_id}']`);
  return [slide.ariaPosInSet, slide.ariaSetSize];
})"""


_OPERATIONS = """async (seed) => {
  const { Playlist } = await import('/feed/playlist.js');
  let state = seed;
  // mulberry32: what is multiplied as a double loses the bits that the next draw is made of
  const draw = (most) => {
    let bits = (state = (state + 0x6d2b79f5) | 0);
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) % most;
  };
  const card = () => ({ video_id: String(draw(60)) });
  const [list, away] = [new Playlist(1 + seed % 20), new Map()];
  for (let step = 0; step < 400; step++) {
    const place = () => list.passed.length + list.index;
    const [before, index, choice] = [list.current, place(), draw(8)];
    if (choice === 0) list.append([card(), card()]);
    else if (choice === 1) list.offer(card(), ['you', 'another', 'everyone'][draw(3)], 5);
    else if (choice === 2) list.insertNext([card()]);
    else if (choice === 3) list.withdraw(String(draw(60)));
    else if (choice === 4) list.release();
    else if (choice === 5) {
      const gone = list.trim();
      gone.forEach((card) => away.set(card.video_id, card));
      if (gone.length && list.missed.length) return `missed as soon as it was let go at ${step}`;
    }
    else if (choice === 6) {
      const ids = list.missed;
      const back = list.restore(ids.length, ids.map((id) => away.get(id)));
      if (ids.length && list.index >= list.behind + 10) return `to be let go as soon as it came back at ${step}`;
      if (back.length < ids.length) { if (before !== list.current) return `moved by going back at ${step}`; continue; }
    }
    else { list.go(list.index + draw(12) - 5); continue; }
    if (before && (list.current !== before || place() !== index)) return `moved by ${choice} at ${step}`;
    const ids = list.items.map((item) => item.video_id);
    if (new Set(ids).size !== ids.length) return `twice in the list after ${choice} at ${step}`;
    if (list.waiting.some((item) => ids.includes(item.video_id))) return `waiting and in the list at ${step}`;
  }
  return 'good';
}"""


def test_whatever_happens_to_the_list_the_current_video_stays(browser: Browser, server: PageServer) -> None:
    with Viewer(browser, server.url) as viewer:
        viewer.open()
        assert [viewer.page.evaluate(_OPERATIONS, seed) for seed in range(50)] == ["good"] * 50
