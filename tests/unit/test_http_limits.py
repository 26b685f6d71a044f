"""How much may be asked for, by whom, and from which pages; addresses that expire."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from query_api.http.media_urls import MediaUrls
from schemas import ids
from schemas.base import now_us
from tests.unit.read_kit import Api, apply, published


def token(api: Api, name: str, *scopes: Scope) -> dict[str, str]:
    issuer = TokenIssuer(root_key(api.parts.settings))
    return {"Authorization": f"Bearer {issuer.issue(name, scopes or [Scope.CREATOR], 60)}"}


async def test_a_viewer_is_told_what_is_left_and_then_to_wait(tmp_path: Path) -> None:
    api = Api(tmp_path, rate_viewer="3/minute")
    anna = token(api, "anna")
    left = []
    for _ in range(3):
        answer = await api.get("/v1/flavors", headers=anna)
        assert answer.status_code == 200 and answer.headers["ratelimit-policy"] == '"viewer";q=3;w=60'
        left.append(answer.headers["ratelimit"].split(";")[1])
    assert left == ["r=2", "r=1", "r=0"]
    refused = await api.get("/v1/flavors", headers=anna)
    assert refused.status_code == 429 and refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    # others go on, and operators have no limit
    assert (await api.get("/v1/flavors", headers=token(api, "bob"))).status_code == 200
    for _ in range(5):
        assert (await api.get("/v1/flavors", headers=token(api, "op", Scope.OPERATOR))).status_code == 200


async def test_what_costs_work_has_a_limit_of_its_own(tmp_path: Path) -> None:
    api = Api(tmp_path, rate_make="2/minute")
    anna = token(api, "anna")
    answers = [(await api.post("/v1/prompts", json={"text": "x"}, headers=anna)).status_code for _ in range(3)]
    assert answers == [202, 202, 429]
    assert (await api.get("/v1/flavors", headers=anna)).status_code == 200


async def test_nobody_tries_tokens_or_opens_sessions_without_end(tmp_path: Path) -> None:
    api = Api(tmp_path, auth="required", rate_address="4/minute")
    tries = [(await api.get("/v1/flavors", headers={"Authorization": "Bearer a.b.c"})).status_code for _ in range(6)]
    assert tries == [401] * 4 + [429] * 2
    assert (await api.post("/v1/sessions")).status_code == 429


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 202), ("http://127.0.0.1:9000", 202), ("http://localhost", 202), ("https://studio.example", 202),
        ("https://evil.example", 403), ("null", 403), ("http://127.0.0.1.evil.example", 403),
    ],
)  # fmt: skip
async def test_pages_from_elsewhere_change_nothing(tmp_path: Path, origin: str | None, status: int) -> None:
    api = Api(tmp_path, origins=("https://studio.example",))
    headers = {"Origin": origin} if origin else {}
    answer = await api.post("/v1/prompts", json={"text": "x"}, headers=headers)
    assert answer.status_code == status
    assert len(api.publisher.sent) == (status == 202)
    allowed = answer.headers.get("access-control-allow-origin")
    assert allowed == (origin if origin == "https://studio.example" else None)


async def test_pages_of_an_allowed_origin_may_ask_first(tmp_path: Path) -> None:
    api = Api(tmp_path, origins=("https://studio.example",))
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}
    for origin, status in (("https://studio.example", 200), ("https://evil.example", 400)):
        answer = await api.request("OPTIONS", "/v1/projects/x", headers={"Origin": origin, **asked})
        assert answer.status_code == status
    assert (
        "access-control-allow-origin" not in (await Api(tmp_path).get("/v1/flavors", headers={"Origin": "x"})).headers
    )


@pytest.mark.parametrize(("auth", "status"), [("auto", 403), ("open", 200), ("required", 401)])
async def test_a_name_that_was_pointed_here_does_not_open_a_private_installation(
    tmp_path: Path, auth: str, status: int
) -> None:
    api = Api(tmp_path, auth=auth)
    assert (await api.get("/v1/flavors", headers={"Host": "evil.example"})).status_code == status
    assert (await api.get("/v1/flavors", headers={"Host": "localhost:8000"})).status_code == (
        401 if auth == "required" else 200
    )


async def test_where_tokens_are_required_media_needs_the_address_of_a_card(tmp_path: Path) -> None:
    # given a video whose file is there
    api = Api(tmp_path, auth="required")
    anna = token(api, "anna")
    file = api.media.put_bytes(b"x" * 1000, "mp4")
    event = published(ids.video_id("one"), now_us() - 1000, title="Why cats purr: a/b")
    event = replace(event, data=event.data.model_copy(update={"video": file}))
    apply(api.store, [event])
    # when it is in a feed
    (item,) = (await api.get("/v1/feed", headers=anna)).json()["items"]
    address = item["media"]["video"]
    # then its address works without a token, in ranges, and is the same for everyone
    answer = await api.get(address, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 206 and len(answer.content) == 10
    seconds = int(answer.headers["cache-control"].split("max-age=")[1].split(",")[0])
    assert 6 * 3600 - 5 <= seconds <= 12 * 3600
    (other,) = (await api.get("/v1/feed", headers=token(api, "bob"))).json()["items"]
    assert other["media"] == item["media"]
    # and no other does
    name = address.split("?")[0]
    for strange in (
        name,
        f"{name}?exp=99999999999&sig=x",
        address[:-1],
        address.replace("exp=", "exp=1"),
        f"{name}?sig=",
    ):
        assert (await api.get(strange)).status_code == 403
    # and it can be saved under its title
    video = (await api.get(f"/v1/videos/{event.data.video_id}", headers=anna)).json()
    saved = await api.get(video["links"]["download"])
    assert saved.content == b"x" * 1000
    assert saved.headers["content-disposition"].startswith('attachment; filename="Why cats purr a b.mp4"')


def test_an_address_is_the_same_for_hours_and_never_good_for_less_than_a_period(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    urls, name = MediaUrls(b"k" * 32, 100), f"{'ab' * 32}.mp4"
    seen = {}
    for now in range(1000, 1200):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        address = urls.address(name)
        told = dict(pair.split("=") for pair in address.split("?")[1].split("&"))
        left = urls.left_s(name, told["exp"], told["sig"])
        assert left is not None and 100 <= left <= 200
        seen.setdefault(address, now)
    assert list(seen.values()) == [1000, 1100]
    monkeypatch.setattr(time, "time", lambda: 1299)
    assert urls.left_s(name, told["exp"], told["sig"]) is not None
    monkeypatch.setattr(time, "time", lambda: 1300)
    assert urls.left_s(name, told["exp"], told["sig"]) is None
    assert MediaUrls(b"l" * 32, 100).left_s(name, told["exp"], told["sig"]) is None


@pytest.mark.parametrize(
    "name", ['"; filename="x.exe', "../../etc/passwd", "a\r\nSet-Cookie: x=1", "猫", "  ", ".mp4", "x" * 200]
)
async def test_the_name_of_a_download_says_nothing_but_a_name(tmp_path: Path, name: str) -> None:
    api = Api(tmp_path)
    file = api.media.put_bytes(b"x", "mp4")
    answer = await api.get(f"/media/{file.name}", params={"filename": name})
    told = answer.headers["content-disposition"]
    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    assert told.count('"') == 2 and "/" not in told and told.split('"')[1].endswith(".mp4")
