"""Quality on the studio's page of figures, on a phone and on a desktop."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from query_api.figures import Tally
from query_api.http.figure_answers import Figures
from schemas.works import Outlier
from tests.acceptance.browser_kit import DESKTOP, PHONE, Viewer
from tests.acceptance.studio_kit import serving
from tests.unit.test_figures_quality import BEFORE, distance, odd, scene


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_quality_is_shown_by_model_and_flavor_and_what_is_odd_is_marked(
    browser: Browser, tmp_path: Path, size: dict[str, int]
) -> None:
    # given scenes, an anomaly, and a distance far above the usual one
    tally = Tally()
    far = Outlier(figure="fvd", value=412.3, typical=99.9, deviations=7)
    for event in (*BEFORE, scene(100), scene(300), odd(), distance(9, 412.3, far)):
        tally.count(event)
    with serving(tmp_path) as server, Viewer(browser, server.url, size) as viewer:
        server.api.parts.figures = Figures(tally, dict)
        # when the page of figures is opened
        viewer.open("studio/#/system")
        # then both have a row, what is odd is marked, and the page is no wider than the screen
        expect(viewer.page.locator(".quality tbody tr")).to_have_count(2)
        assert viewer.text(".quality tbody tr:first-child td.bad:last-child") == "412.3 (usual 99.9)"
        assert viewer.text(".quality tbody tr:last-child td:nth-of-type(3)") == "200"
        assert viewer.text(".odd li").endswith("sharpness 9, usual 200")
        assert viewer.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        viewer.page.screenshot(path=tmp_path / "quality.png", full_page=True)
