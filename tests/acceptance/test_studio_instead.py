"""The studio while a video is being rendered: what is changed is rendered instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.projects import RenderOrdered
from schemas.takes import Style
from schemas.videos import RevisionDropped
from tests.acceptance.axe import violations
from tests.acceptance.browser_kit import DESKTOP, PHONE
from tests.acceptance.studio_kit import Gate, StudioServer, see, serving
from tests.unit.read_kit import apply, life

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """With a style whose pictures a model makes."""
    folder = tmp_path_factory.mktemp("studio")
    painted = folder / "flavors" / "painted"
    painted.mkdir(parents=True)
    (painted / "flavor.yaml").write_text("title: Painted\nscene_backend: wan\nstyles: {ink: 0.8}\nguidance: 5\n")
    with serving(folder, flavor_dirs=(folder / "flavors",)) as studio:
        yield studio


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> dict[str, int]:
    chosen: dict[str, int] = request.param
    return chosen


def opened(page: Page, studio: StudioServer, flavor: str) -> str:
    made = studio.project(page, flavor=flavor)
    page.evaluate("id => { location.hash = `#/p/${id}`; }", made)
    expect(page.locator(".scene")).to_have_count(3)
    return made


def begin(studio: StudioServer, video: str, revision: int) -> None:
    """The first events of the making of a revision; they are in the tables."""
    told = life(video, now_us(), scenes=3, end="none")[1:4]
    later = (one.data.model_copy(update={"revision": revision}) for one in told)
    apply(studio.api.store, [replace(one, id=ids.fresh(), data=data) for one, data in zip(told, later, strict=True)])


def test_what_is_changed_while_it_is_rendered_is_rendered_instead(page: Page, studio: StudioServer) -> None:
    # given a video that is being rendered
    project = opened(page, studio, "painted")
    page.click("button:has-text('Approve')")
    page.click(".actions button:has-text('Render')")
    expect(page.locator(".status")).to_have_text("Rendering")
    expect(page.locator(".actions .main:visible")).to_have_count(0)
    video = ids.project_video(project)
    begin(studio, video, 1)
    # when a LoRA of one scene, and the guidance of all, are changed meanwhile
    scene = page.locator(".scene").nth(1)
    expect(scene.locator(".model .said")).to_have_text("as the whole video")
    scene.locator(".model summary").click()
    scene.locator("button:has-text('LoRA')").click()
    scene.locator(".lora").fill("film")
    scene.locator("input[type=range]").fill("0.4")
    scene.locator("input[type=range]").blur()
    expect(scene.locator(".state")).to_have_text("changed")
    expect(scene.locator(".model .said")).to_have_text("film 0.4")
    expect(page.locator(".scene").nth(0).locator(".state")).to_have_text("being made")
    head = page.locator(".project-head .model")
    head.locator("summary").click()
    head.locator("input[type=number]").fill("6.5")
    head.locator("input[type=number]").blur()
    expect(head.locator(".said")).to_have_text("guidance 6.5")
    assert [one["changed"] for one in see(page, project)["scenes"]] == [True, True, True]
    # and it is rendered instead
    page.click("button:has-text('Render instead')")
    expect(page.locator(".revisions li")).to_have_count(2)
    expect(page.locator(".actions .main:visible")).to_have_count(0)
    regeneration = studio.api.publisher.of(RenderOrdered)[-1].regeneration
    assert regeneration.instead and regeneration.for_scene(1).guidance == 6.5
    assert regeneration.for_scene(2).styles == (Style(name="film", weight=0.4),)
    # then the first revision is told as replaced, not as failed
    begin(studio, video, 2)
    drop = RevisionDropped(
        video_id=video, ts_us=now_us() + 1_000, by="revisions", why="There is another.", overtaken_by=2
    )
    apply(studio.api.store, [root(drop, source="/test")])
    expect(page.locator(".revisions li").nth(0)).to_contain_text("replaced by revision 2")
    expect(page.locator(".status")).to_have_text("Rendering")
    expect(page.locator(".project-head .error")).to_be_empty()
    assert set(page.locator(".scene .state").all_inner_texts()) == {"being made"}
    # and what was chosen is there after a reload, and can be taken back
    page.reload()
    scene = page.locator(".scene").nth(1)
    expect(scene.locator(".model .said")).to_have_text("film 0.4")
    scene.locator(".model summary").click()
    scene.locator("button[aria-label='Take it out']").click()
    expect(scene.locator(".model .said")).to_have_text("as the whole video")
    assert "styles" not in see(page, project)["scenes"][1]


def test_a_drawn_look_is_told_nothing_of_models(page: Page, studio: StudioServer) -> None:
    opened(page, studio, "default")
    expect(page.locator(".model:visible")).to_have_count(0)
    # when the style is changed to one whose pictures a model makes
    page.select_option("label:has-text('Style') select", "painted")
    # then there is a place for what it is told, with the LoRAs that are known
    expect(page.locator(".model:visible")).to_have_count(4)
    assert page.locator(".scene datalist option").first.get_attribute("value") == "ink"


def test_what_a_model_is_told_can_be_read_and_reached_by_everyone(page: Page, studio: StudioServer) -> None:
    opened(page, studio, "painted")
    scene = page.locator(".scene").nth(1)
    scene.locator(".model summary").click()
    scene.locator("button:has-text('LoRA')").click()
    page.locator(".project-head .model summary").click()
    assert violations(page) == []


def test_what_the_server_refuses_is_said_and_can_be_mended(page: Page, studio: StudioServer) -> None:
    project = opened(page, studio, "painted")
    scene = page.locator(".scene").nth(0)
    scene.locator(".model summary").click()
    scene.locator("button:has-text('LoRA')").click()
    scene.locator(".lora").fill("No such Name")
    scene.locator(".lora").blur()
    expect(page.locator(".toast.error").first).to_be_visible()
    assert "styles" not in see(page, project)["scenes"][0]
    # what was typed stays, and is sent again once it is mended
    expect(scene.locator(".lora")).to_have_value("No such Name")
    scene.locator(".lora").fill("such-a-name")
    scene.locator(".lora").blur()
    expect(scene.locator(".model .said")).to_have_text("such-a-name 1")


def test_a_revision_that_an_operator_dropped_says_so(page: Page, studio: StudioServer) -> None:
    project = opened(page, studio, "default")
    page.click("button:has-text('Approve')")
    page.click(".actions button:has-text('Render')")
    video = ids.project_video(project)
    begin(studio, video, 1)
    drop = RevisionDropped(video_id=video, ts_us=now_us() + 1_000, by="ann", why="no more GPUs")
    apply(studio.api.store, [root(drop, source="/test")])
    expect(page.locator(".revisions li").nth(0)).to_contain_text("dropped: no more GPUs")
    expect(page.locator(".status")).to_have_text("Not rendered")


def test_a_project_that_is_not_there_is_told_in_words(page: Page) -> None:
    # asked for twice before the first answer, as where the address changes while the page begins
    expect(page.locator("h1")).to_have_text("Begin with an idea")
    gate = Gate(page, "**/v1/projects/00000000-*", "GET")
    page.evaluate("() => { location.hash = '#/p/00000000-0000-5000-8000-000000000000'; }")
    page.evaluate("() => { dispatchEvent(new Event('hashchange')); }")
    gate.until(2).release()

    expect(page.locator(".toast.error")).to_have_text("That project is not there.")
    expect(page.locator("h1")).to_have_text("Begin with an idea")


def test_scenes_come_before_the_place_where_no_video_is_yet(page: Page, studio: StudioServer) -> None:
    # given a script of which nothing is rendered
    opened(page, studio, "painted")

    # then, on any screen, its scenes begin no lower than that place
    scenes, video = page.locator(".scene").first.bounding_box(), page.locator(".no-video").bounding_box()
    assert scenes and video
    assert scenes["y"] <= video["y"] + 1
