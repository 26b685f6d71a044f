"""A creator works on a project on the whole system: what is unchanged is never drawn or spoken again."""

from __future__ import annotations

import asyncio
import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from PIL import Image
from swipestream_client import Swipestream

from infra.supervisor.private import PrivateSystem
from tests.acceptance.waiting import until

pytestmark = pytest.mark.timeout(500)

SCRIPT = {
    "title": "Why cats purr",
    "subject": "cats",
    "archetype": "list",
    "scenes": [
        {"scene_number": number, "beat": beat, "narration": words, "visuals": "a cat", "duration_s": 3}
        for number, beat, words in (
            (1, "hook", "Listen to a cat for a while."),
            (2, "point", "A purr tells of a good day."),
            (3, "payoff", "Or of a bad one that ends."),
        )
    ],
}  # fmt: skip


class Project:
    """One project, and what was made for each of its revisions."""

    def __init__(self, api: httpx.Client, **body: Any) -> None:
        self.api, self.revision = api, 0
        answer = api.post("/v1/projects", json=body)
        assert answer.status_code == 201, answer.text
        self.path = answer.headers["location"]

    def see(self) -> dict[str, Any]:
        found: dict[str, Any] = until(self._seen)
        return found

    def _seen(self) -> dict[str, Any] | None:
        """A busy machine may answer 503 now and then."""
        answer = self.api.get(self.path)
        return answer.json() if answer.is_success else None

    def do(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        version = {"If-Match": f'"{self.see()["version"]}"'}
        answer = self.api.request(method, self.path + path, json=body, headers=version)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def draft(self) -> dict[str, Any] | None:
        """The project, once its script is there."""
        found = self.see()
        return found if found["status"] == "draft" else None

    def render(self) -> tuple[set[int], set[int]]:
        """Make the next revision: the scenes that were drawn, and those that were spoken; the others were found."""
        self.revision += 1
        self.do("POST", "/approve")
        video = self.do("POST", "/render")["video_id"]
        done = until(lambda: self._finished(), timeout=200)
        assert done["status"] == "published", done
        events = self.api.get(f"/v1/videos/{video}/events").json()["events"]
        own = [event for event in events if event["data"].get("revision", 1) == self.revision]
        made = {
            kind: {one["data"]["scene_number"] for one in own if one["type"] == kind and not one["data"]["reused"]}
            for kind in ("SceneRendered", "SceneVoiced")
        }
        assert sum(one["type"] == "SceneRendered" for one in own) == 3
        return made["SceneRendered"], made["SceneVoiced"]

    def _finished(self) -> dict[str, Any] | None:
        revisions = self.see()["revisions"]
        newest: dict[str, Any] = revisions[-1]
        return newest if newest["revision"] == self.revision and newest["status"] in ("published", "failed") else None


def picture() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "JPEG")
    return file.getvalue()


def test_only_what_was_changed_is_made_again(system: PrivateSystem) -> None:
    with httpx.Client(base_url=system.api_url, timeout=20) as api:
        # Given a project with a script, and its first video
        project = Project(api, text="Why do cats purr?", script=SCRIPT)
        assert project.render() == ({1, 2, 3}, {1, 2, 3})
        # Then muting a scene draws and speaks nothing: the scenes are joined anew
        project.do("PATCH", "/scenes/2", {"muted": True})
        assert project.render() == (set(), set())
        # and redoing a scene draws that scene
        project.do("POST", "/scenes/1/redo")
        assert project.render() == ({1}, set())
        # and other words are spoken and drawn in that scene alone
        project.do("PATCH", "/scenes/3", {"narration": "And when they are hurt."})
        assert project.render() == ({3}, {3})
        # and a picture of one's own is drawn where it is shown
        upload = api.post("/v1/uploads", content=picture()).json()["upload_id"]
        project.do("PATCH", "/scenes/2", {"footage": {"upload_id": upload}})
        assert project.render() == ({2}, set())
        # and of scenes that change places nothing is spoken again: their pictures say where they stand
        project.do("PUT", "/order", {"order": [1, 3, 2]})
        assert project.render() == ({2, 3}, set())
        # and the first is what viewers see, until another one is promoted
        assert [one["revision"] for one in project.see()["revisions"] if one["live"]] == [1]
        project.do("POST", "/revisions/6/promote")
        assert until(lambda: [one for one in project.see()["revisions"] if one["live"] and one["revision"] == 6])


#: Two minutes of speech: nobody draws that before the next revision is asked for.
SLOW = "A cat that is at peace with the world says so, and goes on saying so. " * 26


def test_what_is_changed_while_it_is_rendered_is_made_instead(system: PrivateSystem) -> None:
    with httpx.Client(base_url=system.api_url, timeout=20) as api, ThreadPoolExecutor(1) as pool:
        # given a video whose second scene is being drawn for a long time, and somebody who waits for the video
        scenes = [dict(scene) for scene in SCRIPT["scenes"]]
        scenes[1]["narration"] = SLOW.strip()
        project = Project(api, text="Why do cats purr?", script=SCRIPT | {"scenes": scenes})
        project.do("POST", "/approve")
        video = project.do("POST", "/render")["video_id"]
        waits = pool.submit(asyncio.run, followed(system.api_url, video))

        def told(kind: str, **wanted: Any) -> list[dict[str, Any]]:
            answer = api.get(f"/v1/videos/{video}/events")
            found = [one["data"] for one in answer.json()["events"] if one["type"] == kind] if answer.is_success else []
            return [one for one in found if wanted.items() <= ({"revision": 1} | one).items()]

        assert until(lambda: told("SceneVoiced", scene_number=2), timeout=100)
        # when that scene is changed, and the video is rendered instead
        project.do("PATCH", "/scenes/2", {"narration": "A purr tells of a good day."})
        project.do("POST", "/approve")
        project.do("POST", "/render")
        # then the first revision is dropped, work on that scene stops half-way, and that is told with its cost
        (dropped,) = until(lambda: told("RevisionDropped"), timeout=60)
        assert (dropped["revision"], dropped["overtaken_by"], dropped["needed"]) == (1, 2, [1, 3])
        (stopped,) = until(lambda: told("WorkStopped"), timeout=60)
        assert (stopped["revision"], stopped["scene_number"], stopped["stage"]) == (1, 2, "scene")
        assert 0 <= stopped["fraction"] < 1 and stopped["cost"]["amount"] > 0
        # and the second is shown by itself: who waited has it, and waited for nothing else
        card = waits.result(timeout=200)
        assert (card["video_id"], card["revision"]) == (video, 2)
        shown = until(lambda: [one for one in project.see()["revisions"] if one["live"]], timeout=60)
        assert [(one["revision"], one["status"]) for one in shown] == [(2, "published")]
        first = project.see()["revisions"][0]
        assert (first["status"], first["overtaken_by"]) == ("dropped", 2)
        assert api.get(f"/v1/videos/{video}").json()["revision"] == 2
        # and the scenes that nobody changed were drawn once, for both
        for number in (1, 3):
            assert len(told("SceneRendered", scene_number=number, reused=False)) == 1
            assert len(told("SceneRendered", scene_number=number, revision=2)) == 1
        # and what was thrown away is in the account, and in the story
        cost = system.cli("cost", "--by", "video", "--limit", "1000", "--json")
        line = next(one for one in json.loads(cost.stdout)["lines"] if one["name"] == video)
        assert line["thrown_away"] == pytest.approx(stopped["cost"]["amount"], abs=1e-8)
        assert 0 < line["thrown_away_share"] < 1
        assert "WorkStopped" in system.cli("trace", video).stdout


async def followed(url: str, video: str) -> Any:
    async with Swipestream(url, viewer="local", patience=30) as client:
        return [step async for step in client.follow(video, timeout=300)][-1].card


def test_an_idea_is_drafted_and_nothing_is_rendered_before_it_is_approved(system: PrivateSystem) -> None:
    with httpx.Client(base_url=system.api_url, timeout=20) as api:
        project = Project(api, text="Why do cats purr?")
        drafted = until(project.draft, timeout=60)
        assert len(drafted["scenes"]) >= 3 and drafted["title"]
        assert api.get(f"/v1/videos/{drafted['video_id']}").status_code == 404
        # another draft of the same idea is another script
        project.do("POST", "/draft")
        again = until(project.draft, timeout=60)
        assert again["scenes"] != drafted["scenes"]
