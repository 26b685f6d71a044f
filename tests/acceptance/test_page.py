"""The page in a headless Chromium, against a small server of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from schemas import ids
from schemas.progress import RenderProgress
from schemas.values import Artifact, Lane, Origin
from schemas.videos import PromptAccepted, RevisionPromoted, Stage, VideoFailed
from tests.acceptance.axe import violations
from tests.acceptance.browser_kit import DESKTOP, PHONE, Viewer, swipe_through_three
from tests.acceptance.page_kit import PageServer, make_clips

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Artifact, Artifact]]]:
    folder = tmp_path_factory.mktemp("clips")
    return folder, make_clips(folder)


@pytest.fixture
def server(clips: tuple[Path, list[tuple[Artifact, Artifact]]]) -> Iterator[PageServer]:
    server = PageServer(*clips)
    with server.serving():
        yield server


def test_three_videos_play_one_after_another(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    seen = swipe_through_three(browser, server.url)
    assert [state["id"] for state in seen] == [item["video_id"] for item in server.feed[:3]]


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


def test_the_first_video_has_the_network_to_itself(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.until("() => import('/main.js').then(page => page.feed.stage.prefetch.ready.size >= 5)")
    media = [path for path in server.served if path.startswith("/media/")]
    first = [server.feed[0]["media"][name] for name in ("cover", "video", "captions")]
    assert set(media[: len(first)]) == set(first)


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


def accepted(video_id: str, text: str, viewer: str, revision: int = 1) -> PromptAccepted:
    return PromptAccepted(
        video_id=video_id, revision=revision, ts_us=1, text=text, origin=Origin.PERSON, viewer_id=viewer,
        lane=Lane.INTERACTIVE, flavor="default",
    )  # fmt: skip


def test_the_next_revision_of_what_is_shown_is_followed_like_the_first(browser: Browser, server: PageServer) -> None:
    server.fill(4)
    card = server.feed[0]
    with Viewer(browser, server.url, DESKTOP) as viewer:
        # Given a video of this viewer's that plays, and nothing that is being made
        viewer.open().until_playing()
        viewer.page.wait_for_selector("#badge[data-state=live]")
        mine = viewer.page.evaluate("import('/main.js').then(({ socket }) => socket.session.viewer)")
        assert viewer.page.locator("#jobs-side .job").count() == 0
        # When it is made once more, from anywhere
        moved = RenderProgress(
            video_id=card["video_id"], revision=2, stage=Stage.SCENE, scene_number=2, scene_count=3, fraction=0.5,
            ts_us=2,
        )  # fmt: skip
        server.tell(accepted(card["video_id"], "again", mine, revision=2), moved)
        # Then one sees how far it is, beside what still plays, and how it ends
        viewer.page.wait_for_selector("#jobs-side .job.making:has-text('Revision 2: Drawing scene 2 of 3')")
        assert viewer.page.is_visible("#jobs-side .job button:has-text('Watch it')")
        server.tell(server.event(0, viewer=mine).model_copy(update={"revision": 2}))
        viewer.page.wait_for_selector("#jobs-side .job.ready:has-text('Revision 2 is ready to be looked at')")
        assert viewer.current == card["video_id"]


def test_a_prompt_is_followed_until_it_can_be_watched(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.page.keyboard.press("n")
        viewer.page.wait_for_selector("#sheet[open]")
        viewer.page.keyboard.type("Why is the sea salty?")
        viewer.page.click("button:has-text('Make it')")
        viewer.page.wait_for_selector("#sheet .job")
        video_id = ids.video_id("page-101")
        assert server.prompts[0]["text"] == "Why is the sea salty?"
        server.tell(accepted(video_id, "Why is the sea salty?", server.prompts[0]["viewer_id"]))
        fractions = []
        for stage, number in ((Stage.SCRIPT, None), (Stage.VOICE, 1), (Stage.SCENE, 1), (Stage.ASSEMBLY, None)):
            step = RenderProgress(
                video_id=video_id, stage=stage, scene_number=number, scene_count=1, fraction=1.0, ts_us=1
            )
            server.tell(step)
            viewer.page.wait_for_function(
                "before => Number(document.querySelector('#sheet .bar').getAttribute('aria-valuenow')) > before",
                arg=fractions[-1] if fractions else 0,
            )
            fractions.append(int(viewer.page.get_attribute("#sheet .bar", "aria-valuenow") or 0))
        server.tell(server.event(101, viewer="somebody"))
        viewer.page.click("#sheet button:has-text('Watch it')")
        viewer.until("id => document.location.hash.endsWith(id)", video_id)
        assert viewer.until_playing()["id"] == video_id


def test_style_and_kind_are_chosen_from_what_there_is(browser: Browser, server: PageServer) -> None:
    server.fill(3)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.page.click("#make")
        viewer.page.wait_for_selector("#sheet select[name=archetype] option[value=story]", state="attached")
        viewer.page.select_option("#sheet select[name=archetype]", "story")
        viewer.page.select_option("#sheet select[name=flavor]", "night-neon")
        assert viewer.page.input_value("#sheet select[name=archetype]") == ""
        viewer.page.select_option("#sheet select[name=archetype]", "explainer")
        viewer.page.fill("#sheet textarea", "Neon")
        viewer.page.keyboard.press("Control+Enter")
        viewer.page.wait_for_selector("#sheet .job")
    assert [(prompt["flavor"], prompt["archetype"]) for prompt in server.prompts] == [("night-neon", "explainer")]


def test_a_prompt_that_is_refused_says_why(browser: Browser, server: PageServer) -> None:
    server.fill(3)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.page.click("#make")
        viewer.page.fill("#sheet textarea", "something forbidden")
        viewer.page.click("button:has-text('Make it')")
        viewer.page.wait_for_selector("#sheet-error:has-text('That is not allowed.')")
        assert viewer.page.input_value("#sheet textarea") == "something forbidden"


def test_an_empty_system_shows_its_first_videos_being_made_and_then_plays(browser: Browser, server: PageServer) -> None:
    with Viewer(browser, server.url) as viewer:
        viewer.open()
        viewer.page.wait_for_selector("#empty:has-text('Your first videos are being made')")
        video_id = ids.video_id("page-0")
        server.tell(
            PromptAccepted(
                video_id=video_id, ts_us=1, text="Why do cats purr?", origin=Origin.STARTER, lane=Lane.INTERACTIVE,
                flavor="default",
            ),
            RenderProgress(video_id=video_id, stage=Stage.SCENE, scene_number=1, scene_count=2, fraction=0.5, ts_us=2),
        )  # fmt: skip
        viewer.page.wait_for_selector("#empty .job:has-text('Why do cats purr?'):has-text('Drawing scene 1 of 2')")
        server.tell(server.event(0))
        assert viewer.until_playing()["id"] == video_id
        assert viewer.page.is_hidden("#empty")


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


def test_a_failure_is_told_to_the_one_who_asked(browser: Browser, server: PageServer) -> None:
    server.fill(3)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.page.click("#make")
        viewer.page.fill("#sheet textarea", "a story")
        viewer.page.click("button:has-text('Make it')")
        viewer.page.wait_for_selector("#sheet .job")
        failure = VideoFailed(
            video_id=ids.video_id("page-101"), ts_us=3, stage=Stage.SCENE, error="BackendError",
            reason="The renderer gave up.", origin=Origin.PERSON,
        )  # fmt: skip
        server.tell(failure)
        viewer.page.wait_for_selector("#sheet .job.failed:has-text('The renderer gave up.')")


def test_a_deep_link_opens_that_video(browser: Browser, server: PageServer) -> None:
    server.fill(8)
    wanted = server.feed[6]["video_id"]
    with Viewer(browser, server.url) as viewer:
        viewer.open(f"#/v/{wanted}")
        assert viewer.until_playing()["id"] == wanted
        viewer.next()
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
        # An empty slide is an element with two parts that its style adds
        assert late["nodes"] - early["nodes"] <= 3 * 30 + 100
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
        early = counted(viewer)
        # when the viewer goes on
        for _ in range(20):
            viewer.next()
        viewer.until(_TIDY)
        late = counted(viewer)
        # then the page holds no more than before, and says all the same where the viewer is
        assert late["nodes"] - early["nodes"] <= 30
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


_OPERATIONS = """async (seed) => {
  const { Playlist } = await import('/feed/playlist.js');
  let state = seed;
  const draw = (most) => { state = (state * 1103515245 + 12345) % 2147483648; return state % most; };
  const card = () => ({ video_id: String(draw(60)) });
  const [list, away] = [new Playlist(3), new Map()];
  for (let step = 0; step < 400; step++) {
    const place = () => list.passed.length + list.index;
    const [before, index, choice] = [list.current, place(), draw(8)];
    if (choice === 0) list.append([card(), card()]);
    else if (choice === 1) list.offer(card(), ['you', 'another', 'everyone'][draw(3)], 5);
    else if (choice === 2) list.insertNext([card()]);
    else if (choice === 3) list.withdraw(String(draw(60)));
    else if (choice === 4) list.release();
    else if (choice === 5) list.trim().forEach((card) => away.set(card.video_id, card));
    else if (choice === 6) {
      const ids = list.missed;
      const back = list.restore(ids.length, ids.map((id) => away.get(id)));
      if (back.length < ids.length) { if (before !== list.current) return `moved by going back at ${step}`; continue; }
    }
    else { list.go(list.index + 1 - draw(2)); continue; }
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
