"""The studio against the whole system: from an idea to a script, to a video, to a second revision of one scene."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from infra.supervisor.private import PrivateSystem
from tests.acceptance.axe import violations
from tests.acceptance.browser_kit import DESKTOP, PHONE, Viewer

pytestmark = pytest.mark.timeout(600)
MADE = 240_000
WORDS = "A purr can mean a hundred things."


@pytest.fixture(scope="module")
def creator(browser: Browser, system: PrivateSystem) -> Iterator[Viewer]:
    with Viewer(browser, f"{system.api_url}/studio/", DESKTOP) as viewer:
        yield viewer


def status(page: Page, text: str, timeout: float = 60_000) -> None:
    expect(page.locator(".status")).to_have_text(text, timeout=timeout)


def scenes_of(system: PrivateSystem, video_id: str, revision: int) -> list[dict[str, Any]]:
    events = httpx.get(f"{system.api_url}/v1/videos/{video_id}/events", timeout=10).json()["events"]
    drawn = [event["data"] for event in events if event["type"] == "SceneRendered"]
    return [data for data in drawn if data["revision"] == revision]


def test_an_idea_becomes_a_script_that_can_be_edited(creator: Viewer) -> None:
    page = creator.open("#/new").page
    page.fill("textarea[aria-label='Idea']", "Why do cats purr?")
    page.select_option("label:has-text('Length') select", "15")
    page.click("button:has-text('Write a draft')")
    status(page, "Draft")
    count = page.locator(".scene").count()
    assert count >= 2
    expect(page.locator("#projects a[aria-current]")).to_be_visible()
    # A scene is edited by leaving its field
    said = page.locator(".scene").nth(1).locator(".narration textarea")
    said.fill(WORDS)
    said.blur()
    # ... and moved up by a key: it is the first now, and the focus goes with it
    page.locator(".scene").nth(1).locator(".handle").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".scene").nth(0).locator(".narration textarea")).to_have_value(WORDS)
    expect(page.locator(".scene").nth(0).locator(".handle")).to_be_focused()
    # ... and all of it is there after a reload
    page.reload()
    expect(page.locator(".scene").nth(0).locator(".narration textarea")).to_have_value(WORDS)
    assert page.locator(".scene").count() == count


def test_a_scene_is_moved_by_dragging(creator: Viewer) -> None:
    page = creator.page
    texts = page.locator(".scene .narration textarea")
    before = [texts.nth(place).input_value() for place in range(texts.count())]
    page.locator(".scene").nth(0).locator(".handle").drag_to(
        page.locator(".scene").nth(1), target_position={"x": 200, "y": 200}
    )
    expect(texts.nth(1)).to_have_value(before[0])
    assert [texts.nth(place).input_value() for place in range(2)] == [before[1], before[0]]


def test_it_is_approved_rendered_and_played(creator: Viewer) -> None:
    page = creator.page
    page.click("button:has-text('Approve')")
    status(page, "Approved")
    page.click("button:has-text('Render')")
    status(page, "Rendering")
    expect(page.locator(".making .bar")).to_be_visible()
    assert set(page.locator(".scene .state").all_inner_texts()) == {"being made"}
    status(page, "Rendered", MADE)
    expect(page.locator(".players video")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.players video').videoHeight === 1920")
    expect(page.locator(".revisions .live")).to_have_text("in the feed")
    page.click(".origins summary")
    expect(page.locator(".lineage .event.good")).to_be_visible()


def test_one_scene_that_is_changed_is_the_only_one_that_is_made_again(creator: Viewer, system: PrivateSystem) -> None:
    page = creator.page
    count = page.locator(".scene").count()
    page.locator(".scene").nth(0).locator(".tool[aria-label='Draw it differently']").click()
    status(page, "Draft")
    expect(page.locator(".scene").nth(0).locator(".state")).to_have_text("changed")
    page.click("button:has-text('Approve')")
    status(page, "Approved")
    page.click("button:has-text('Render 1 scene')")
    status(page, "Rendering")
    status(page, "Rendered", MADE)
    project = re.sub(r".*#/p/", "", page.url)
    answer = page.evaluate("id => import('/studio/api.js').then(({ api }) => api.projects.get(id))", project)
    drawn = scenes_of(system, answer["video_id"], 2)
    assert sorted(data["scene_number"] for data in drawn if not data["reused"]) == [1]
    assert len(drawn) == count
    # Both can be seen side by side, and the new one shown to viewers
    page.click("button:has-text('Compare')")
    expect(page.locator(".players.pair video")).to_have_count(2)
    page.click("button:has-text('Show to viewers')")
    expect(page.locator(".revisions li", has_text="Revision 2").locator(".live")).to_be_visible()


def test_the_figures_of_the_system_are_live(creator: Viewer) -> None:
    page = creator.open("#/system").page
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator(".part").first).to_be_visible()
    assert int(re.sub(r"\D", "", page.locator(".tile strong").first.inner_text())) >= 1


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("view", ["", "#/new", "#/system"])
def test_axe_has_nothing_to_say_against_the_studio(creator: Viewer, view: str, size: dict[str, int]) -> None:
    page = creator.page
    page.set_viewport_size(size)  # type: ignore[arg-type]
    if view:
        creator.open(view)
    else:
        page.click("#projects a")
        page.wait_for_selector(".scene")
    page.wait_for_timeout(300)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
