"""`/v1/projects`: a draft, edits, approval, revisions; versions that two people change at once; whose they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from query_api.projections.project import Place, project
from query_api.projects.desk import Desk
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.projects import DraftFailed, DraftRequested, ProjectOpened, RenderOrdered, SceneEdited, ScriptDrafted
from schemas.takes import Style, Take
from schemas.values import Format
from schemas.videos import RevisionDropped, RevisionPromoted, Stage, WorkStopped
from tests.unit.read_kit import COST, Api, apply, life, published, script

SCRIPT = script(3).model_dump(mode="json", exclude_none=True)
RAIN = [{"label": day, "text": "3 mm", "value": 3.0} for day in ("Monday", "Tuesday")]


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


def drafted(api: Api, opened: ProjectOpened | DraftRequested, offset: int = 10**6) -> None:
    """The worker's answer."""
    event = ScriptDrafted(
        project_id=opened.project_id, version=opened.version + 1, viewer_id=opened.viewer_id, ts_us=opened.ts_us + 1,
        script=script(3), writer="templates", cost=COST,
    )  # fmt: skip
    api.store.write(project(root(event, source="/test"), Place("project-events", 0, offset)))


class Studio:
    """One creator at work on one project."""

    def __init__(self, api: Api, answer: httpx.Response, headers: dict[str, str] | None = None) -> None:
        assert answer.status_code == 201, answer.text
        self.api, self.path, self.headers = api, answer.headers["location"], headers or {}
        self.etag = answer.headers["etag"]

    async def see(self) -> dict[str, Any]:
        answer = await self.api.get(self.path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        self.etag = answer.headers["etag"]
        found: dict[str, Any] = answer.json()
        return found

    async def ask(self, method: str, path: str = "", body: Any = None, **headers: str) -> httpx.Response:
        sent = {"If-Match": self.etag, **self.headers, **headers}
        return await self.api.request(method, self.path + path, json=body, headers=sent)

    async def do(self, method: str, path: str = "", body: Any = None) -> dict[str, Any]:
        answer = await self.ask(method, path, body)
        assert answer.status_code in (200, 202), answer.text
        self.etag = answer.headers["etag"]
        found: dict[str, Any] = answer.json()
        return found


async def written(api: Api, **body: Any) -> Studio:
    """A project with a script of three scenes."""
    return Studio(api, await api.post("/v1/projects", json={"text": "Why do cats purr?", "script": SCRIPT, **body}))


def numbers(answer: dict[str, Any], name: str = "narration") -> list[Any]:
    return [scene[name] for scene in answer["scenes"]]


async def test_an_idea_becomes_a_draft_and_nothing_is_rendered(api: Api) -> None:
    # given an idea
    studio = Studio(api, await api.post("/v1/projects", json={"text": "Why do cats purr?"}))
    assert (await studio.see())["status"] == "drafting"
    assert (await studio.ask("POST", "/approve")).status_code == 409
    # when the worker has written
    (opened,) = api.publisher.of(ProjectOpened)
    drafted(api, opened)
    # then there is a script to be worked on, and what it cost
    found = await studio.see()
    assert (found["status"], found["version"], len(found["scenes"])) == ("draft", 2, 3)
    assert found["cost"]["amount"] == COST.amount
    assert {type(one.data).__name__ for one in api.publisher.sent} == {"ProjectOpened"}


async def test_a_project_keeps_its_format_through_drafts_and_renders(api: Api) -> None:
    studio = await written(api, format="1:1")
    assert (await studio.see())["format"] == "1:1"
    await studio.do("POST", "/approve")
    await studio.do("POST", "/render")
    (ordered,) = api.publisher.of(RenderOrdered)
    assert ordered.idea.format is Format.SQUARE


async def test_why_there_is_no_draft_is_said_and_another_one_can_be_asked_for(api: Api) -> None:
    studio = Studio(api, await api.post("/v1/projects", json={"text": "Why do cats purr?"}))
    (opened,) = api.publisher.of(ProjectOpened)
    failed = DraftFailed(
        project_id=opened.project_id, version=2, viewer_id="local", ts_us=opened.ts_us + 1, error="E", reason="no luck"
    )
    api.store.write(project(root(failed, source="/test"), Place("project-events", 0, 7)))
    found = await studio.see()
    assert (found["status"], found["reason"]) == ("draft_failed", "no luck")
    assert (await studio.do("POST", "/draft", {"text": "Why do dogs bark?"}))["status"] == "drafting"
    (again,) = api.publisher.of(DraftRequested)
    assert (again.idea.text, again.version) == ("Why do dogs bark?", 3)


async def test_scenes_are_edited_muted_moved_added_and_taken_out(api: Api) -> None:
    studio = await written(api)
    words = ["Cats purr.", "They do.", "Why?"]
    for number, text in enumerate(words, 1):
        await studio.do("PATCH", f"/scenes/{number}", {"narration": text})
    assert numbers(await studio.see()) == words
    assert numbers(await studio.do("PATCH", "/scenes/2", {"muted": True}), "muted") == [False, True, False]
    # what is set for a scene goes with it
    await studio.do("PATCH", "/scenes/3", {"voice": "en-gb"})
    moved = await studio.do("PUT", "/order", {"order": [3, 1, 2]})
    assert numbers(moved) == ["Why?", "Cats purr.", "They do."]
    assert moved["scenes"][0]["voice"] == "en-gb" and "voice" not in moved["scenes"][2]
    assert numbers(moved, "scene_number") == [1, 2, 3] and numbers(moved, "muted") == [False, False, True]
    added = await studio.do("POST", "/scenes", {"narration": "New.", "visuals": "a lion", "after": 1})
    assert numbers(added) == ["Why?", "New.", "Cats purr.", "They do."] and added["scenes"][0]["voice"] == "en-gb"
    assert numbers(await studio.do("DELETE", "/scenes/1")) == ["New.", "Cats purr.", "They do."]
    assert numbers(await studio.do("POST", "/scenes", {"narration": "End.", "visuals": "a cat"}))[-1] == "End."
    # and all of it is told
    told = (await api.get(f"{studio.path}/events")).json()["events"]
    assert [event["version"] for event in told] == list(range(1, len(told) + 1))


async def test_a_scene_that_is_moved_and_moved_back_is_what_it_was(api: Api) -> None:
    studio = await written(api)
    await studio.do("POST", "/approve")
    await studio.do("POST", "/render")
    changed = await studio.do("PUT", "/order", {"order": [2, 1, 3]})
    assert numbers(changed, "changed") == [True, True, False]
    back = await studio.do("PUT", "/order", {"order": [2, 1, 3]})
    assert numbers(back, "changed") == [False, False, False]
    await studio.do("POST", "/approve")
    assert (await studio.ask("POST", "/render")).status_code == 409


async def test_only_an_approved_script_is_rendered_and_an_edit_takes_that_back(api: Api) -> None:
    studio = await written(api, voice="en-gb")
    assert (await studio.ask("POST", "/render")).status_code == 409
    assert (await studio.do("POST", "/approve"))["status"] == "approved"
    edited = await studio.do("PATCH", "", {"title": "Purring", "mood": "bright"})
    assert (edited["status"], edited["title"], edited["mood"]) == ("draft", "Purring", "bright")
    assert (await studio.ask("POST", "/render")).status_code == 409
    await studio.do("POST", "/approve")
    rendering = await studio.do("POST", "/render")
    (order,) = api.publisher.of(RenderOrdered)
    assert rendering["status"] == "rendering" and rendering["video_id"] == order.video_id
    assert (order.revision, order.script.title, order.regeneration.take) == (1, "Purring", Take(voice="en-gb"))


async def test_the_next_revision_says_what_became_of_each_scene(api: Api) -> None:
    # given a project whose video is published
    studio = await written(api)
    await studio.do("POST", "/approve")
    video = (await studio.do("POST", "/render"))["video_id"]
    apply(api.store, life(video, now_us()))
    found = await studio.see()
    assert found["status"] == "rendered" and found["revisions"][0]["live"] and found["revisions"][0]["card"]
    # when one scene is to be drawn differently
    redone = await studio.do("POST", "/scenes/2/redo")
    assert redone["status"] == "draft" and numbers(redone, "changed") == [False, True, False]
    await studio.do("POST", "/approve")
    await studio.do("POST", "/render")
    # then that is what the order says
    order = api.publisher.of(RenderOrdered)[-1]
    assert (order.revision, order.regeneration.base_revision) == (2, 1)
    assert [(one.scene_number, one.seed is not None) for one in order.regeneration.scenes] == [(2, True)]
    # and the revision is shown to viewers once it is finished and promoted
    assert (await studio.ask("POST", "/revisions/2/promote")).status_code == 409
    apply(api.store, [published(video, now_us() + 100, revision=2)])
    await studio.do("POST", "/revisions/2/promote")
    (promoted,) = api.publisher.of(RevisionPromoted)
    assert promoted.revision == 2 and promoted.ts_us > promoted.listed_us


async def test_styles_and_guidance_hold_for_all_where_a_scene_has_none_of_its_own(api: Api) -> None:
    # given a rendered video
    studio = await written(api)
    await studio.do("POST", "/approve")
    await studio.do("POST", "/render")
    # when one scene has a style of its own
    found = await studio.do("POST", "/scenes/2/redo", {"styles": [{"name": "ink", "weight": 0.5}]})
    # then that one has changed alone, and its picture has no other seed
    assert numbers(found, "changed") == [False, True, False]
    assert found["scenes"][1]["styles"] == [{"name": "ink", "weight": 0.5}] and "seed" not in found["scenes"][1]
    # when there is another style, and a guidance, for the whole video
    whole = {"styles": [{"name": "oil"}], "guidance": 6.5}
    found = await studio.do("PATCH", "", whole)
    assert numbers(found, "changed") == [True, True, True]
    assert (found["styles"], found["guidance"]) == ([{"name": "oil", "weight": 1.0}], 6.5)
    assert ("guidance" in found["scenes"][1], "styles" in found["scenes"][0]) == (False, False)
    await studio.do("POST", "/approve")
    await studio.do("POST", "/render")
    # then a scene's own stands before it, for what it says; and the revision is made in place of the earlier one
    regeneration = api.publisher.of(RenderOrdered)[-1].regeneration
    assert regeneration.instead
    assert regeneration.for_scene(1) == Take(styles=(Style(name="oil"),), guidance=6.5)
    own = regeneration.for_scene(2)
    assert (own.styles, own.guidance) == ((Style(name="ink", weight=0.5),), 6.5)
    # when both are taken back
    await studio.do("POST", "/scenes/2/redo", {"styles": None})
    found = await studio.do("PATCH", "", {"styles": None, "guidance": None})
    # then the first revision is asked for again
    assert numbers(found, "changed") == [True, True, True] and not {"styles", "guidance"} & found.keys()
    await studio.do("POST", "/approve")
    await studio.do("POST", "/render")
    assert api.publisher.of(RenderOrdered)[-1].regeneration.for_scene(2) == Take()


async def test_an_overtaken_revision_says_what_took_its_place_and_is_paid_all_the_same(api: Api) -> None:
    # given a revision that is being made
    studio = await written(api)
    await studio.do("POST", "/approve")
    first = await studio.do("POST", "/render")
    video, now = first["video_id"], now_us()
    apply(api.store, life(video, now, end="none")[2:5])
    paid = (await studio.see())["cost"]["amount"]
    # when another one is rendered instead
    await studio.do("POST", "/scenes/2/redo", {"guidance": 4})
    await studio.do("POST", "/approve")
    await studio.do("POST", "/render")
    drop = RevisionDropped(
        video_id=video, ts_us=now + 100, by="revisions", why="Revision 2 was asked for in its place.", overtaken_by=2
    )
    stop = WorkStopped(
        video_id=video, ts_us=now + 200, stage=Stage.SCENE, scene_number=2, fraction=0.5, why="dropped", cost=COST
    )
    apply(api.store, [root(drop, source="/test"), root(stop, source="/test")])
    # then the project goes on with that one
    found = await studio.see()
    assert found["status"] == "rendering" and "reason" not in found
    told = found["revisions"][0]
    assert (told["status"], told["overtaken_by"], told["reason"]) == ("dropped", 2, drop.why)
    assert found["cost"]["amount"] == pytest.approx(paid + COST.amount)
    listed = (await api.get(f"/v1/videos/{video}/revisions")).json()["revisions"][0]
    assert (listed["status"], listed["dropped"], listed["reason"]) == ("dropped", True, drop.why)
    assert listed["overtaken_by"] == 2
    # and what an operator drops is not there to be looked at
    last = RevisionDropped(video_id=video, revision=2, ts_us=now + 300, by="ann", why="no more GPUs")
    script = life(video, now + 90, end="none")[2]
    script = replace(script, id="s2", data=script.data.model_copy(update={"revision": 2}))
    apply(api.store, [script, root(last, source="/test")])
    found = await studio.see()
    assert (found["status"], found["reason"]) == ("render_failed", "no more GPUs")


async def test_what_came_to_nothing_may_be_tried_again_as_it_is_but_what_is_made_or_there_may_not(api: Api) -> None:
    # given a video that is being made: the same again is refused
    studio = await written(api)
    await studio.do("POST", "/approve")
    video = (await studio.do("POST", "/render"))["video_id"]
    assert (await studio.ask("POST", "/render")).status_code == 409
    # when it fails
    apply(api.store, life(video, now_us(), end="failed"))
    assert (await studio.see())["status"] == "render_failed"
    # then the same may be asked for once more
    await studio.do("POST", "/render")
    first, again = api.publisher.of(RenderOrdered)
    assert (again.revision, again.script, first.script) == (2, first.script, again.script)
    # and once that is there, no more
    apply(api.store, [published(video, now_us() + 100, revision=2)])
    assert (await studio.ask("POST", "/render")).status_code == 409


async def test_a_change_must_say_for_which_version_it_is_meant(api: Api) -> None:
    studio = await written(api)
    await studio.do("PATCH", "/scenes/1", {"narration": "New."})
    patch = {"narration": "Other."}
    for header, status in ((None, 428), ('"1"', 412), ('"x"', 412), ('"2"', 200), ("*", 200), ('W/"4"', 200)):
        headers = {"If-Match": header} if header else {}
        answer = await api.request("PATCH", f"{studio.path}/scenes/1", json=patch, headers=headers)
        assert answer.status_code == status, (header, answer.text)
        if header == '"1"':
            assert answer.headers["etag"] == '"2"'


async def test_of_two_who_change_the_same_version_in_two_processes_one_is_told(api: Api) -> None:
    # given another process, whose event came first in the log and is not in the tables yet
    studio = await written(api)
    (opened,) = api.publisher.of(ProjectOpened)
    scene = script(3).scenes[0].model_copy(update={"narration": "Theirs."})
    theirs = SceneEdited(project_id=opened.project_id, version=2, viewer_id="local", ts_us=now_us(), scene=scene)
    first = project(root(theirs, source="/test"), Place("project-events", 0, 0))
    publish = api.publisher.publish

    async def late(envelope: Any, *args: Any, **options: Any) -> None:
        await publish(envelope, *args, **options)
        api.store.write(first)

    api.publisher.publish = late  # type: ignore[method-assign]
    # when this one writes the same version
    answer = await studio.ask("PATCH", "/scenes/1", {"narration": "Mine."})
    # then it is told, and sees what happened
    assert answer.status_code == 412 and answer.headers["etag"] == '"2"'
    assert numbers(await studio.see())[0] == "Theirs."


async def test_a_command_that_the_tables_do_not_show_yet_is_accepted_and_the_next_one_follows_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = await written(api)
    monkeypatch.setattr("query_api.projects.desk.SHOWN_S", 0.05)
    api.publisher.tables = None
    for number, text in enumerate(["One.", "Two."], 1):
        answer = await studio.ask("PATCH", "/scenes/1", {"narration": text})
        assert answer.status_code == 202 and answer.json()["version"] == number + 1
        studio.etag = answer.headers["etag"]
    assert numbers(await studio.see())[0] == "Two."


async def test_the_same_key_opens_one_project(api: Api) -> None:
    body, key = {"text": "Why do cats purr?", "script": SCRIPT}, {"Idempotency-Key": "k"}
    first = await api.post("/v1/projects", json=body, headers=key)
    again = await api.post("/v1/projects", json=body, headers=key)
    other = await api.post("/v1/projects", json=body | {"text": "Another"}, headers=key)
    assert first.json()["project_id"] == again.json()["project_id"] and again.json()["version"] == 1
    assert other.status_code == 422 and other.json()["type"].endswith("idempotency-key-reused")


async def test_a_project_that_is_thrown_away_is_gone(api: Api) -> None:
    studio = await written(api)
    assert len((await api.get("/v1/projects")).json()["projects"]) == 1
    assert (await studio.ask("DELETE")).status_code == 204
    assert (await api.get(studio.path)).status_code == 404
    assert (await api.get("/v1/projects")).json()["projects"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/scenes/9", {"narration": "x"}, 404), ("PATCH", "/scenes/99", {"narration": "x"}, 422),
        ("PATCH", "/scenes/1", {}, 422), ("PATCH", "/scenes/1", {"narration": None}, 422),
        ("PATCH", "/scenes/1", {"narration": "x" * 2001}, 422), ("PATCH", "/scenes/1", {"narration": "a\u0000b"}, 422),
        ("PATCH", "/scenes/1", {"footage": {"upload_id": ids.fresh()}}, 404),
        ("PATCH", "", {"title": None}, 422), ("PATCH", "", {}, 422), ("PATCH", "", {"flavor": "no-such"}, 422),
        ("PUT", "/order", {"order": [1, 2]}, 422), ("PUT", "/order", {"order": [1, 2, 2]}, 422),
        ("PUT", "/order", {"order": []}, 422), ("DELETE", "/scenes/7", None, 404),
        ("POST", "/scenes", {"narration": "x", "visuals": "y", "after": 8}, 404),
        ("POST", "/scenes/1/redo", {"flavor": "no-such"}, 422), ("PATCH", "", {"guidance": -1}, 422),
        ("POST", "/scenes/1/redo", {"styles": [{"name": "ink", "weight": 3}]}, 422),
        ("POST", "/scenes/1/redo", {"styles": [{"name": "x"}] * 9}, 422),
        ("POST", "/revisions/1/promote", None, 409),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_and_nothing_happens(
    api: Api, method: str, path: str, body: Any, status: int
) -> None:
    studio = await written(api)
    sent = len(api.publisher.sent)
    assert (await studio.ask(method, path, body)).status_code == status
    assert len(api.publisher.sent) == sent


async def test_scripts_of_ones_own_must_be_numbered(api: Api) -> None:
    scenes = [scene | {"scene_number": 1} for scene in SCRIPT["scenes"]]
    answer = await api.post("/v1/projects", json={"text": "x", "script": SCRIPT | {"scenes": scenes}})
    assert answer.status_code == 422


async def test_a_project_is_its_creators_alone(tmp_path: Path) -> None:
    # given a project of anna's
    api = Api(tmp_path, auth="required")
    issuer = TokenIssuer(root_key(api.parts.settings))
    anna, bob, watcher, operator = (
        {"Authorization": f"Bearer {issuer.issue(name, [scope], 60)}"}
        for name, scope in (
            ("anna", Scope.CREATOR), ("bob", Scope.CREATOR), ("anna", Scope.VIEWER), ("op", Scope.OPERATOR)
        )
    )  # fmt: skip
    body = {"text": "x", "script": SCRIPT}
    studio = Studio(api, await api.post("/v1/projects", json=body, headers=anna), anna)
    # then bob sees nothing of it and can do nothing with it
    for method, path, sent in (
        ("GET", "", None), ("GET", "/events", None), ("PATCH", "/scenes/1", {"muted": True}),
        ("POST", "/approve", None),
        ("DELETE", "", None), ("POST", "/render", None), ("POST", "/revisions/1/promote", None),
    ):  # fmt: skip
        assert (await studio.ask(method, path, sent, **bob)).status_code == 404
    assert (await api.get("/v1/projects", headers=bob)).json()["projects"] == []
    # and a token that only watches is not enough, while an operator's is
    assert (await studio.ask("GET", "", None, **watcher)).status_code == 403
    assert (await studio.ask("GET", "", None, **operator)).status_code == 200


async def test_without_the_parts_it_is_a_503_at_once(api: Api) -> None:
    studio = await written(api)
    api.publisher.down = True
    assert (await studio.ask("POST", "/approve")).status_code == 503
    api.publisher.down, api.store.down = False, True
    assert (await studio.ask("POST", "/approve")).status_code == 503
    assert (await studio.ask("GET")).status_code == 503


async def test_another_process_sees_what_this_one_did(api: Api) -> None:
    studio = await written(api)
    await studio.do("PATCH", "/scenes/1", {"narration": "New."})
    api.parts.desk = Desk(api.parts.read, api.publisher)
    assert numbers(await studio.see())[0] == "New."


async def test_a_key_that_came_with_another_script_or_voice_is_refused(api: Api) -> None:
    # given a project that was opened with a key
    body, key = {"text": "Why do cats purr?", "script": SCRIPT, "voice": "anna"}, {"Idempotency-Key": "k"}
    first = await api.post("/v1/projects", json=body, headers=key)
    # when the key comes again with the same request, with another script, and with another voice
    same, script, voice = [
        await api.post("/v1/projects", json=body | changes, headers=key)
        for changes in ({}, {"script": SCRIPT | {"title": "Dogs"}}, {"voice": "ben"})
    ]
    # then
    assert same.status_code == 201 and same.json()["project_id"] == first.json()["project_id"]
    assert [answer.json().get("status") for answer in (script, voice)] == [422, 422]


@pytest.mark.parametrize("where", ["title", "subject", "narration", "visuals", "on_screen_text"])
async def test_a_script_with_control_characters_is_refused(api: Api, where: str) -> None:
    scenes = [scene | ({where: "a\x1b[2Jb"} if where in scene or "_" in where else {}) for scene in SCRIPT["scenes"]]
    bad = SCRIPT | {"scenes": scenes} | ({where: "a\x00b"} if where in SCRIPT else {})
    answer = await api.post("/v1/projects", json={"text": "Why do cats purr?", "script": bad})
    assert answer.status_code == 422 and "control characters" in answer.text


async def test_a_chart_is_edited_and_taken_out_and_the_scene_is_made_again(api: Api) -> None:
    # given a scene that shows two figures
    first, *others = SCRIPT["scenes"]
    script = SCRIPT | {"scenes": [first | {"chart": {"values": RAIN}}, *others]}
    studio = await written(api, script=script)
    await studio.do("POST", "/approve")
    rendered = await studio.do("POST", "/render")
    assert rendered["scenes"][0]["chart"]["values"] == RAIN and not rendered["scenes"][0]["changed"]
    # when one of them is put right, and then the words are
    mended = [RAIN[0], RAIN[1] | {"text": "12 mm", "value": 12.0}]
    await studio.do("PATCH", "/scenes/1", {"chart": {"values": mended}})
    edited = await studio.do("PATCH", "/scenes/1", {"narration": "It rains."})
    # then the chart stays as it was left, until it is taken out
    assert edited["scenes"][0]["chart"]["values"] == mended and edited["scenes"][0]["changed"]
    bare = await studio.do("PATCH", "/scenes/1", {"chart": None})
    assert "chart" not in bare["scenes"][0] and bare["scenes"][0]["narration"] == "It rains."
    # and one that cannot be drawn changes nothing
    for bad in (RAIN[:1], [RAIN[0], RAIN[1] | {"label": "a\x1b[2Jb"}]):
        assert (await studio.ask("PATCH", "/scenes/1", {"chart": {"values": bad}})).status_code == 422
    assert (await studio.see())["version"] == bare["version"]


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ({"label": "a\x1b[2Jb"}, "control characters"),
        ({"text": "3\x00mm"}, "control characters"),
        ({"value": 1e300}, "less than or equal"),
    ],
)
async def test_a_chart_that_cannot_be_drawn_is_refused(api: Api, chart: dict[str, object], said: str) -> None:
    bar = {"label": "Monday", "text": "3 mm", "value": 3.0}
    drawn = {"values": [bar, bar | {"label": "Tuesday"}], "told": 0}
    bad = drawn | {"values": [bar, bar | chart]}
    first, *others = SCRIPT["scenes"]
    for figures, status in ((drawn, 201), (bad, 422)):
        script = SCRIPT | {"scenes": [first | {"chart": figures}, *others]}
        answer = await api.post("/v1/projects", json={"text": "Rain", "script": script})
        assert answer.status_code == status, answer.text
    assert said in answer.text
