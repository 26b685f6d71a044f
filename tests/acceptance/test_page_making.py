"""The page of one who asks for a video: the form, what is being made, how it ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from schemas import ids
from schemas.progress import RenderProgress
from schemas.values import Lane, Origin
from schemas.videos import PromptAccepted, RevisionDropped, RevisionPromoted, Stage, VideoFailed, VideoWithdrawn
from tests.acceptance.browser_kit import DESKTOP, Viewer
from tests.acceptance.page_kit import PageServer

pytestmark = pytest.mark.timeout(300)


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
        viewer.ask("something forbidden")
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


def test_a_failure_is_told_to_the_one_who_asked(browser: Browser, server: PageServer) -> None:
    server.fill(3)
    with Viewer(browser, server.url) as viewer:
        viewer.open().until_playing()
        viewer.ask("a story")
        viewer.page.wait_for_selector("#sheet .job")
        failure = VideoFailed(
            video_id=ids.video_id("page-101"), ts_us=3, stage=Stage.SCENE, error="BackendError",
            reason="The renderer gave up.", origin=Origin.PERSON,
        )  # fmt: skip
        server.tell(failure)
        viewer.page.wait_for_selector("#sheet .job.failed:has-text('The renderer gave up.')")


def test_what_is_made_instead_goes_on_in_the_same_place_and_what_is_dropped_is_over(
    browser: Browser, server: PageServer
) -> None:
    server.fill(8)
    with Viewer(browser, server.url, DESKTOP) as viewer:
        # given two videos of this viewer's that are being made
        viewer.open().until_playing()
        viewer.page.wait_for_selector("#badge[data-state=live]")
        mine = viewer.page.evaluate("import('/main.js').then(({ socket }) => socket.session.viewer)")
        ours = []
        viewer.page.click("#make")
        for text in ("Why is the sea salty?", "Why is the sky blue?"):
            viewer.page.fill("#sheet[open] textarea", text)
            viewer.page.click("#sheet button:has-text('Make it')")
            viewer.page.wait_for_selector(f"#sheet .job:has-text('{text}')")
            ours.append(ids.video_id(f"page-{100 + len(server.prompts)}"))
        viewer.page.click("#sheet button[aria-label='Close']")
        sea, sky = ours
        server.tell(*(accepted(video, "words", mine) for video in ours))
        server.tell(scene(sea, 1, 1.0), scene(sky, 1, 0.5))
        viewer.page.wait_for_selector("#jobs-side .job.making:has-text('Drawing scene 1 of 3')")
        # when one is dropped, and another revision of the other is asked for in its place
        server.tell(
            RevisionDropped(video_id=sky, ts_us=3, by="ann", why="no more GPUs"),
            accepted(sea, "words", mine, revision=2),
            RevisionDropped(video_id=sea, ts_us=3, by="revisions", overtaken_by=2),
            scene(sea, 2, 0.5, revision=2),
        )
        # then the first is over, and the other goes on where it was
        viewer.page.wait_for_selector(f"#jobs-side .job.failed[data-id='{sky}']:has-text('no more GPUs')")
        making = f"#jobs-side .job.making[data-id='{sea}']"
        viewer.page.wait_for_selector(f"{making}:has-text('Revision 2: Drawing scene 2 of 3')")
        # also after the page was loaded again
        viewer.page.reload()
        viewer.page.wait_for_selector(f"{making}:has-text('Revision 2: Drawing scene 2 of 3')")
        # until it is shown
        made = server.event(101, viewer=mine).model_copy(update={"revision": 2})
        told = made.model_dump(include=set(RevisionPromoted.model_fields))
        shown = RevisionPromoted(**told, listed_us=made.ts_us, by="revisions", replaces_draft=True)
        server.tell(made, shown)
        viewer.page.wait_for_selector(f"#jobs-side .job.ready[data-id='{sea}'] button:has-text('Watch it')")


def test_no_card_of_the_lobby_stands_still(browser: Browser, server: PageServer) -> None:
    with Viewer(browser, server.url, DESKTOP) as viewer:
        # given an empty feed, for which videos are being made
        viewer.open()
        viewer.page.wait_for_selector("#badge[data-state=live]")
        starters = [ids.video_id(f"starter-{number}") for number in (1, 2)]
        whose = {"origin": Origin.STARTER, "viewer_id": None}
        begun = [accepted(one, "A starter", "nobody").model_copy(update=whose) for one in starters]
        server.tell(*begun, *(scene(one, 1, 0.5) for one in starters))
        viewer.page.wait_for_selector("#empty .job >> nth=1")
        # when one is dropped and the other is taken back
        server.tell(
            RevisionDropped(video_id=starters[0], ts_us=3, by="ann"),
            VideoWithdrawn(video_id=starters[1], ts_us=3, by="ann", reason="no"),
        )
        # then neither is there any more
        viewer.page.wait_for_selector("#empty .job", state="detached")


def scene(video_id: str, number: int, fraction: float, revision: int = 1) -> RenderProgress:
    return RenderProgress(
        video_id=video_id, revision=revision, stage=Stage.SCENE, scene_number=number, scene_count=3, fraction=fraction,
        ts_us=2,
    )  # fmt: skip
