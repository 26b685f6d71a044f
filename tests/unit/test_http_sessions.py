"""Tokens over HTTP: sessions, what comes without one, and what is somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from schemas import ids
from schemas.base import now_us
from schemas.prompts import PromptSubmitted
from tests.unit.read_kit import Api, apply, life


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path, auth="required")


async def token(api: Api) -> dict[str, str]:
    answer = await api.post("/v1/sessions")
    assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store", answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def made(api: Api, *scopes: Scope) -> dict[str, str]:
    issuer = TokenIssuer(root_key(api.parts.settings))
    return {"Authorization": f"Bearer {issuer.issue('anna', scopes, 60)}"}


async def test_without_a_token_nothing_of_the_api_is_given(api: Api) -> None:
    for path in ("/v1/feed?viewer=anna", f"/v1/videos/{ids.fresh()}", "/v1/flavors"):
        answer = await api.get(path)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer a.b.c"])
async def test_a_strange_header_is_a_401_also_where_no_token_is_needed(tmp_path: Path, header: str) -> None:
    answer = await Api(tmp_path).get("/v1/feed?viewer=anna", headers={"Authorization": header})
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"


async def test_a_session_is_enough_to_watch_and_to_make(api: Api) -> None:
    mine = await token(api)
    assert (await api.get("/v1/feed", headers=mine)).status_code == 200
    answer = await api.post("/v1/prompts", json={"text": "Why do cats purr?"}, headers=mine)
    assert answer.status_code == 202
    (event,) = api.publisher.of(PromptSubmitted)
    assert event.viewer_id.startswith("anon-") and event.origin == "person"


async def test_a_token_to_watch_makes_nothing(api: Api) -> None:
    watching = made(api, Scope.VIEWER)
    assert (await api.get("/v1/feed", headers=watching)).status_code == 200
    assert (await api.post("/v1/prompts", json={"text": "x"}, headers=watching)).status_code == 403
    assert not api.publisher.of(PromptSubmitted)


async def test_nobody_acts_for_another_viewer(api: Api) -> None:
    mine = await token(api)
    swipe = {"video_id": ids.fresh(), "action": "liked"}
    assert (await api.get("/v1/feed?viewer=anna", headers=mine)).status_code == 403
    for path, body in (
        ("/v1/swipes", {"viewer_id": "anna", "swipes": [swipe]}),
        ("/v1/prompts", {"viewer_id": "anna", "text": "x"}),
        ("/v1/sessions", {"viewer_id": "anna"}),
    ):
        assert (await api.post(path, json=body, headers=mine)).status_code == 403
    assert not api.publisher.sent


async def test_on_one_machine_a_client_gets_a_token_for_the_name_it_has(tmp_path: Path) -> None:
    api = Api(tmp_path)
    answer = await api.post("/v1/sessions", json={"viewer_id": "web-7"})
    assert answer.json()["viewer_id"] == "web-7"
    mine = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await api.get("/v1/feed?viewer=web-8", headers=mine)).status_code == 403


@pytest.mark.parametrize("end", ["none", "failed"])
async def test_a_video_that_is_not_published_is_its_owners_alone(api: Api, end: str) -> None:
    # given a prompt of anna's
    anna, other = made(api, Scope.CREATOR), await token(api)
    video = (await api.post("/v1/prompts", json={"text": "mine"}, headers=anna)).json()["video_id"]
    prompt = api.publisher.sent[0]
    apply(api.store, [prompt, *life(video, now_us(), end=end)[1:]])
    for path in (f"/v1/videos/{video}", f"/v1/videos/{video}/events"):
        assert (await api.get(path, headers=anna)).status_code == 200
        hidden, missing = (
            await api.get(path, headers=other),
            await api.get(path.replace(video, ids.fresh()), headers=other),
        )
        assert hidden.status_code == missing.status_code == 404
        assert hidden.json()["detail"].replace(video, "") == missing.json()["detail"][:-37] + "."
    # and an operator sees it
    assert (await api.get(f"/v1/videos/{video}", headers=made(api, Scope.OPERATOR))).status_code == 200


async def test_of_a_published_video_others_see_what_is_shown_and_not_who_asked_for_what(api: Api) -> None:
    anna, other = made(api, Scope.CREATOR), await token(api)
    video = (await api.post("/v1/prompts", json={"text": "Why do cats purr?"}, headers=anna)).json()["video_id"]
    apply(api.store, [api.publisher.sent[0], *life(video, now_us())[1:]])
    mine, theirs = [await api.get(f"/v1/videos/{video}", headers=who) for who in (anna, other)]
    assert mine.json()["prompt"] == "Why do cats purr?" and mine.json()["cost"]["amount"] > 0
    assert theirs.json()["card"]["video_id"] == video and theirs.json()["status"] == "published"
    assert "purr" not in theirs.text and theirs.json()["cost"]["amount"] == 0
    assert (await api.get(f"/v1/videos/{video}/events", headers=other)).status_code == 404
