"""The figures of a scene in the studio: put right, taken out one by one, and with all of the chart."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.axe import violations
from tests.acceptance.browser_kit import PHONE, until_true
from tests.acceptance.studio_kit import SCRIPT, StudioServer, see

pytestmark = pytest.mark.timeout(180)

DAYS = ("Monday", "Tuesday", "Wednesday")
VALUES = [{"label": day, "text": "3 mm", "value": 3.0} for day in DAYS]
RAIN = {"kind": "bars", "values": VALUES, "told": 2}
#: Whether every change has been answered.
SAVED = "() => import('/studio/main.js').then(({ desk }) => desk.last).then(() => true)"


@pytest.fixture
def size() -> dict[str, int]:
    return PHONE


@pytest.fixture
def project(page: Page, studio: StudioServer) -> str:
    """Its first scene has a chart, which is open."""
    first, *others = SCRIPT["scenes"]
    made = studio.project(page, script=SCRIPT | {"scenes": [first | {"chart": RAIN}, *others]})
    page.evaluate("id => { location.hash = `#/p/${id}`; }", made)
    summary(page).click()
    return made


def summary(page: Page) -> Locator:
    return page.locator(".scene").nth(0).locator("summary:has-text('Chart')")


def figures(page: Page) -> Locator:
    return page.locator(".scene").nth(0).locator(".chart-values li")


def saved(page: Page, project: str) -> dict[str, Any] | None:
    """The chart that the API has, once every change has been answered."""
    until_true(page, SAVED)
    found: dict[str, Any] | None = see(page, project)["scenes"][0].get("chart")
    return found


def test_a_figure_is_put_right(page: Page, project: str) -> None:
    assert not violations(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "PATCH" else None)
    # Given one that is left empty: it cannot be drawn, and nothing is saved
    number = figures(page).nth(1).get_by_label("How much it is")
    number.fill("")
    number.blur()
    assert saved(page, project) == RAIN and not sent
    # When it is filled in
    number.fill("12.5")
    number.blur()
    # Then it is saved, and the others are as they were
    assert saved(page, project) == RAIN | {"values": [VALUES[0], VALUES[1] | {"value": 12.5}, VALUES[2]]}


def test_a_figure_is_taken_out_but_two_are_left(page: Page, project: str) -> None:
    figures(page).nth(0).get_by_label("Take this figure out").click()
    # Then one less was told before the scene, and the focus is where a keyboard goes on from
    assert saved(page, project) == RAIN | {"values": VALUES[1:], "told": 1}
    expect(figures(page)).to_have_count(2)
    expect(summary(page)).to_contain_text("2 figures")
    expect(summary(page)).to_be_focused()
    expect(figures(page).nth(0).get_by_label("Take this figure out")).to_be_disabled()


def test_a_chart_that_no_longer_fits_is_taken_out(page: Page, project: str) -> None:
    page.locator(".scene").nth(0).get_by_role("button", name="Take the chart out").click()
    expect(summary(page)).to_be_hidden()
    expect(page.locator(".scene").nth(0).locator(".handle")).to_be_focused()
    assert saved(page, project) is None
    # and it is gone after a reload
    page.reload()
    expect(page.locator(".scene")).to_have_count(3)
    expect(page.locator("summary:has-text('Chart'):visible")).to_have_count(0)
