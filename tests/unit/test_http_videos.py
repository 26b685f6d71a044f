"""`GET /v1/videos/{id}` and its events; the command that prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from schemas import ids
from schemas.base import now_us
from tests.unit.read_kit import Api, apply, life

VIDEO = ids.video_id("http")
#: The events that say who asked for a video.
ASKED = ("PromptSubmitted", "PromptAccepted")


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


async def test_a_published_video_has_its_card(api: Api) -> None:
    apply(api.store, life(VIDEO, now_us()))
    video = (await api.get(f"/v1/videos/{VIDEO}")).json()
    assert video["status"] == "published" and video["card"]["title"] == "Cats"
    assert video["card"]["media"]["video"].endswith(".mp4")
    assert [scene["scene_number"] for scene in video["scenes"]] == [1, 2]
    assert "viewer_id" not in video


async def test_a_failed_video_says_why(api: Api) -> None:
    apply(api.store, life(VIDEO, now_us(), end="failed"))
    video = (await api.get(f"/v1/videos/{VIDEO}")).json()
    assert (video["status"], video["reason"]) == ("failed", "no paint left")


async def test_the_story_is_in_order_whole_and_each_event_is_told_once(api: Api) -> None:
    events = life(VIDEO, now_us())
    apply(api.store, [*reversed(events), *events])
    story = (await api.get(f"/v1/videos/{VIDEO}/events")).json()["events"]
    assert [event["id"] for event in story] == [event.id for event in events]
    assert story[0]["since_ms"] == 0 and story[1]["since_ms"] == pytest.approx(0.001)
    assert story[1]["causation_id"] == events[0].id
    assert story[0]["data"]["text"] == "Why do cats purr?"


async def test_a_prompt_that_was_sent_twice_is_told_once(api: Api) -> None:
    first = life(VIDEO, now_us())[:1]
    again = life(VIDEO, now_us() + 5_000_000)[:1]
    apply(api.store, [*first, *again])
    story = (await api.get(f"/v1/videos/{VIDEO}/events")).json()["events"]
    assert [event["ts_us"] for event in story] == [first[0].data.ts_us]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", [f"/v1/videos/{VIDEO}", f"/v1/videos/{VIDEO}/events"])
async def test_a_video_that_does_not_exist_is_a_404(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 404 and answer.json()["instance"] == path


@pytest.mark.parametrize("name", ["x", "1" * 36, VIDEO.upper()])
async def test_what_is_no_id_is_a_422(api: Api, name: str) -> None:
    assert (await api.get(f"/v1/videos/{name}")).status_code == 422


async def test_without_the_store_there_is_a_503(api: Api) -> None:
    api.store.down = True
    answer = await api.get(f"/v1/videos/{VIDEO}")
    assert answer.status_code == 503 and "retry-after" in answer.headers


async def test_a_video_is_nobodys_until_it_is_known_who_asked(tmp_path: Path) -> None:
    # given a video of anna's of which the tables have all but who asked for it
    api = Api(tmp_path, auth="required")
    apply(api.store, [event for event in life(VIDEO, now_us()) if event.data.TYPE not in ASKED])
    # when somebody else asks, and an operator
    paths = [f"/v1/videos/{VIDEO}{more}" for more in ("/events", "/revisions", "/lineage")]
    issuer = TokenIssuer(root_key(api.parts.settings))
    other, operator = (
        {"Authorization": f"Bearer {issuer.issue('ben', frozenset({scope}), 60)}"}
        for scope in (Scope.CREATOR, Scope.OPERATOR)
    )
    found = [[(await api.get(path, headers=who)).status_code for path in paths] for who in (other, operator)]
    # then the one sees what everyone sees of what is published
    assert found == [[404] * 3, [200] * 3]
    shown = (await api.get(f"/v1/videos/{VIDEO}", headers=other)).json()
    assert shown["status"] == "published" and not shown["scenes"] and "events" not in shown["links"]
