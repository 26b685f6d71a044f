"""What a creator does faster than the server answers: nothing is lost, nothing lands where it does not belong."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.acceptance.browser_kit import until_true
from tests.acceptance.studio_kit import Gate, StudioServer, see
from tests.unit.test_http_uploads import picture

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def project(page: Page, studio: StudioServer) -> str:
    made = studio.project(page)
    show(page, made)
    return made


def show(page: Page, project: str) -> None:
    page.evaluate("id => { location.hash = `#/p/${id}`; }", project)
    expect(page.locator(f"#projects a[data-id='{project}'][aria-current]")).to_be_visible()
    expect(page.locator(".scene")).to_have_count(3)


def words(page: Page) -> list[str]:
    return [text.input_value() for text in page.locator(".scene .narration textarea").all()]


def narration(page: Page, place: int) -> Locator:
    return page.locator(".scene").nth(place).locator(".narration textarea")


def test_a_key_pressed_twice_moves_the_same_scene_twice(page: Page, project: str) -> None:
    before = words(page)
    page.locator(".scene").nth(2).locator(".handle").focus()
    # Given a second press before the first is answered
    gate = Gate(page, "**/order", "PUT")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    gate.until(1).release()
    # Then the third scene is the first, in the page and at the server, and still has the focus
    expect(narration(page, 0)).to_have_value(before[2])
    assert words(page) == [before[2], before[0], before[1]]
    expect(page.locator(".scene").nth(0).locator(".handle")).to_be_focused()
    assert [scene["narration"] for scene in see(page, project)["scenes"]] == words(page)


def test_a_scene_that_moves_while_it_is_typed_in_takes_along_what_is_typed(page: Page, project: str) -> None:
    before = words(page)
    gate = Gate(page, "**/order", "PUT")
    page.locator(".scene").nth(2).locator(".handle").focus()
    page.keyboard.press("ArrowUp")
    gate.until(1)
    # When somebody types in it before the move is answered
    field = narration(page, 2)
    field.fill("Half a sentence")
    gate.release()
    # Then it arrives with its words and its cursor, and typing goes on
    expect(narration(page, 1)).to_be_focused()
    page.keyboard.type(", and its end.")
    narration(page, 1).blur()
    expect(narration(page, 1)).to_have_value("Half a sentence, and its end.")
    until_true(page, _SAVED)
    told = [scene["narration"] for scene in see(page, project)["scenes"]]
    assert told == [before[0], "Half a sentence, and its end.", before[1]]


def test_words_on_their_way_are_not_written_over_by_the_answer_to_others(page: Page, project: str) -> None:
    gate = Gate(page, "**/scenes/2", "PATCH")
    narration(page, 1).fill("Said anew.")
    narration(page, 1).blur()
    visuals = page.locator(".scene").nth(1).locator(".visuals textarea")
    visuals.fill("Seen anew.")
    visuals.blur()
    gate.until(1)
    # When the answer to the first edit comes while the second waits, then the second field keeps its words throughout
    page.evaluate(_WATCH)
    gate.release()
    until_true(page, _SAVED)
    assert page.evaluate("window.seen") == ["Seen anew."]
    scene = see(page, project)["scenes"][1]
    assert (scene["narration"], scene["visuals"]) == ("Said anew.", "Seen anew.")


def test_an_edit_belongs_to_its_project_though_another_one_is_open_when_it_is_made(
    page: Page, project: str, studio: StudioServer
) -> None:
    gate = Gate(page, "**/scenes/*", "PATCH")
    # Given two edits of one project, the first not answered yet
    for place, text in ((0, "One."), (1, "Two.")):
        narration(page, place).fill(text)
        narration(page, place).blur()
    gate.until(1)
    # When another project is opened
    other = studio.project(page)
    untouched = see(page, other)
    show(page, other)
    gate.release()
    until_true(page, _SAVED)
    # Then both are where they belong
    assert [scene["narration"] for scene in see(page, project)["scenes"]][:2] == ["One.", "Two."]
    assert see(page, other) == untouched
    assert words(page) == [scene["narration"] for scene in untouched["scenes"]]


def test_words_typed_when_another_project_opens_are_saved_where_they_were_typed(
    page: Page, project: str, studio: StudioServer
) -> None:
    other = studio.project(page)
    narration(page, 0).fill("Typed, and not left.")
    show(page, other)
    until_true(page, _SAVED)
    assert see(page, project)["scenes"][0]["narration"] == "Typed, and not left."
    assert "Typed, and not left." not in [*words(page), *(scene["narration"] for scene in see(page, other)["scenes"])]


def test_the_project_asked_for_last_is_shown(page: Page, project: str, studio: StudioServer) -> None:
    other = studio.project(page)
    gate = Gate(page, f"**/projects/{other}", "GET")
    page.evaluate("id => { location.hash = `#/p/${id}`; }", other)
    gate.until(1)
    show(page, project)
    with page.expect_response(f"**/projects/{other}"):
        gate.release()
    page.wait_for_timeout(100)
    assert page.evaluate("import('/studio/main.js').then(({ desk }) => desk.project.project_id)") == project


def test_a_server_that_is_away_for_a_moment_loses_no_words_and_blocks_nothing(page: Page, project: str) -> None:
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=503, body="{}") if len(refused) <= 2 else route.continue_()

    page.route("**/scenes/1", refuse)
    narration(page, 0).fill("Kept.")
    narration(page, 0).blur()
    until_true(page, _SAVED)
    assert see(page, project)["scenes"][0]["narration"] == "Kept."
    # ... and a change that fails for good leaves its words in the field, marked, and the next change is made
    page.route("**/scenes/2", lambda route: route.fulfill(status=500, body="{}"))
    narration(page, 1).fill("Not saved.")
    narration(page, 1).blur()
    expect(narration(page, 1)).to_have_class("unsaved")
    page.locator(".scene").nth(2).locator(".tool[aria-label='Mute']").click()
    expect(page.locator(".scene").nth(2)).to_have_class("scene muted")
    expect(narration(page, 1)).to_have_value("Not saved.")
    page.unroute("**/scenes/2")
    narration(page, 1).focus()
    narration(page, 1).blur()
    expect(narration(page, 1)).not_to_have_class("unsaved")
    assert see(page, project)["scenes"][1]["narration"] == "Not saved."


def test_an_answer_that_was_lost_is_not_made_twice(page: Page, project: str) -> None:
    lost: list[int] = []

    def lose(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/scenes", lose)
    page.click("button:has-text('Add a scene')")
    expect(page.locator(".scene")).to_have_count(4)
    until_true(page, _SAVED)
    assert len(see(page, project)["scenes"]) == 4
    assert lost == [200]


#: Whether no change is under way.
_SAVED = "() => import('/studio/main.js').then(({ desk }) => desk.last.then(() => true))"
#: What the second scene's picture is said to be, whenever that changes.
_WATCH = """() => {
  const field = document.querySelectorAll('.scene .visuals textarea')[1];
  window.seen = [];
  const look = () => { if (window.seen.at(-1) !== field.value) window.seen.push(field.value); };
  import('/studio/main.js').then(({ desk }) => desk.addEventListener('change', () => queueMicrotask(look)));
  look();
}"""


def test_a_picture_is_sent_again_where_the_server_was_away_and_once_otherwise(page: Page, project: str) -> None:
    # given a server that is away when a picture is sent
    sent: list[str] = []

    def away_at_first(route: Route) -> None:
        sent.append(route.request.method)
        route.fulfill(status=503, headers={"retry-after": "0"}) if len(sent) == 1 else route.continue_()

    page.route("**/v1/uploads", away_at_first)
    # when it is chosen
    chosen = {"name": "own.png", "mimeType": "image/png", "buffer": picture("PNG")}
    page.locator(".scene").nth(1).locator("input[type=file]").set_input_files(files=[chosen])
    # then the scene has it, and it was kept once
    expect(page.locator(".scene").nth(1).get_by_label("Use the drawn picture again")).to_be_visible()
    assert see(page, project)["scenes"][1]["footage"]
    assert len(sent) == 2


def test_an_idea_is_taken_before_the_styles_are_known(page: Page) -> None:
    # given that the list of styles is long in coming
    styles = Gate(page, "**/v1/flavors*", "GET")
    page.reload()
    styles.until(1)
    # when somebody is quicker
    page.fill("textarea[aria-label='Idea']", "Why do cats purr?")
    with page.expect_response(lambda r: r.url.endswith("/v1/projects") and r.request.method == "POST") as told:
        page.click("button:has-text('Write a draft')")
    # then it is a project, in the style of the house
    assert told.value.status in (201, 202), told.value.text()
    assert told.value.json()["flavor"] == "default"
