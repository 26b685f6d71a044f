"""Words of any length and script in the studio, and what is always within reach on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.browser_kit import DESKTOP
from tests.acceptance.studio_kit import SCRIPT, StudioServer

pytestmark = pytest.mark.timeout(180)

SMALL = {"width": 360, "height": 640}
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
ARABIC = "القطط تخرخر عندما تكون سعيدة."
#: Pixels that are free on the left and on the right of a text in its element.
FREE = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const [text, whole] = [range.getBoundingClientRect(), element.getBoundingClientRect()];
    return [text.left - whole.left, whole.right - text.right];
}"""


@pytest.fixture
def size() -> dict[str, int]:
    return SMALL


def test_the_system_and_the_connection_stay_in_view_however_many_projects_there_are(
    page: Page, studio: StudioServer
) -> None:
    for number in range(4):
        studio.project(page, script=SCRIPT | {"title": f"A long title of project {number}"})
    page.reload()
    expect(page.locator("#projects a")).to_have_count(4)
    for part in ("#system-link", "#badge"):
        box = page.locator(part).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= SMALL["width"], part


def test_an_idea_in_arabic_begins_on_the_right_and_one_in_english_on_the_left(page: Page, studio: StudioServer) -> None:
    for text, begins in ((ARABIC, 1), ("Why do cats purr?", 0)):
        made = studio.project(page, text=text)
        page.evaluate("id => { location.hash = `#/p/${id}`; }", made)
        idea = page.locator(".idea-text", has_text=text)
        free: list[float] = idea.evaluate(FREE)
        assert free[begins] < 1 < free[1 - begins]


def test_a_word_longer_than_its_place_is_broken_and_moves_no_other_title(page: Page, studio: StudioServer) -> None:
    page.set_viewport_size(DESKTOP)
    studio.project(page, script=SCRIPT | {"title": LONG})
    studio.project(page, script=SCRIPT | {"title": ARABIC})
    page.reload()
    edge = page.locator(".rail-nav").evaluate("element => element.getBoundingClientRect().right")
    for title in (LONG, ARABIC):
        shown = page.locator("#projects strong", has_text=title)
        expect(shown).to_have_count(1)
        assert shown.evaluate("element => element.scrollWidth <= element.clientWidth")
        assert shown.evaluate("element => element.getBoundingClientRect().right") <= edge
