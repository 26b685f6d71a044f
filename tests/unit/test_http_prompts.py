"""`POST /v1/prompts`: one event for one prompt, however often and however badly it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.prompts import PROMPT_MAX, PromptSubmitted
from tests.unit.read_kit import Api, apply

BODY = {"text": "Why do cats purr?", "viewer_id": "anna"}


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


async def post(api: Api, body: Any = None, key: str | None = None, **headers: str) -> httpx.Response:
    keyed = {"Idempotency-Key": key} if key else {}
    return await api.post("/v1/prompts", json=BODY if body is None else body, headers=keyed | headers)


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    assert problem["status"] == status
    return problem


async def test_a_prompt_becomes_one_event_and_the_answer_says_where_to_look(api: Api) -> None:
    answer = await post(api)
    assert answer.status_code == 202
    (event,) = api.publisher.of(PromptSubmitted)
    assert answer.headers["location"] == f"/v1/videos/{event.video_id}"
    assert answer.json()["video_id"] == event.video_id and answer.json()["status"] == "submitted"
    assert (event.text, event.viewer_id, event.origin, event.lane) == (BODY["text"], "anna", "person", "interactive")


async def test_a_prompt_of_nobody_comes_from_the_api(api: Api) -> None:
    await post(api, {"text": "x"})
    assert api.publisher.of(PromptSubmitted)[0].origin == "api"


@pytest.mark.parametrize(("named", "shape"), [("9:16", "1080x1920"), ("16:9", "1920x1080"), ("1:1", "1080x1080")])
async def test_a_prompt_may_say_in_which_format(api: Api, named: str, shape: str) -> None:
    await post(api, BODY | {"format": named})
    assert api.publisher.of(PromptSubmitted)[0].format == shape


async def test_the_video_can_be_asked_for_at_once(api: Api) -> None:
    # given a prompt that the projector has not seen yet
    location = (await post(api)).headers["location"]
    # then it has a state all the same
    answer = await api.get(location)
    assert answer.status_code == 200 and answer.json()["status"] == "submitted"
    assert (await api.get(f"{location}/events")).json()["events"] == []


async def test_two_prompts_without_a_key_are_two_videos(api: Api) -> None:
    assert (await post(api)).json()["video_id"] != (await post(api)).json()["video_id"]


@pytest.mark.parametrize("projected", [False, True])
@pytest.mark.parametrize("restarted", [False, True])
async def test_the_same_key_and_body_is_one_video(api: Api, projected: bool, restarted: bool) -> None:
    first = await post(api, key="k")
    if projected:
        apply(api.store, api.publisher.sent)
    if restarted:
        api.restart()
    second = await post(api, key="k")
    assert second.status_code == 202 and second.json()["video_id"] == first.json()["video_id"]
    # what is sent again, when nobody can know better, is the same event
    assert len({envelope.id for envelope in api.publisher.sent}) == 1


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    "other",
    [{"text": "Why do dogs bark?"}, {"flavor": "example"}, {"archetype": "list"}, {"target_seconds": 20}],
)
async def test_the_same_key_with_another_body_is_refused(api: Api, other: dict[str, Any], restarted: bool) -> None:
    await post(api, {**BODY, "flavor": "default"}, key="k")
    apply(api.store, api.publisher.sent)
    if restarted:
        api.restart()
    answer = await post(api, {**BODY, **other}, key="k")
    assert refused(answer, 422)["type"].endswith("idempotency-key-reused")
    assert len(api.publisher.sent) == 1


async def test_the_key_of_another_viewer_is_another_key(api: Api) -> None:
    first = await post(api, key="k")
    second = await post(api, {**BODY, "viewer_id": "bob"}, key="k")
    assert first.json()["video_id"] != second.json()["video_id"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"text": ""}, "#/text"),
        ({"text": "   \n"}, "#/text"),
        ({"text": "x" * (PROMPT_MAX + 1)}, "#/text"),
        ({"text": 7}, "#/text"),
        ({"text": "a\u0000b"}, "#/text"),
        ({}, "#/text"),
        ({"text": "x", "flavour": "default"}, "#/flavour"),
        ({"text": "x", "flavor": "No Such!"}, "#/flavor"),
        ({"text": "x", "flavor": "no-such-flavor"}, "#/flavor"),
        ({"text": "x", "target_seconds": "long"}, "#/target_seconds"),
        ({"text": "x", "target_seconds": 1e9}, "#/target_seconds"),
        ({"text": "x", "format": "1080x1920"}, "#/format"),
        ({"text": "x", "viewer_id": "anna@example.org"}, "#/viewer_id"),
        ([], "#"),
        ("text", "#"),
        (None, "#"),
    ],
)
async def test_a_wrong_prompt_is_refused_and_nothing_is_published(api: Api, body: Any, pointer: str) -> None:
    answer = await api.post("/v1/prompts", json=body)
    problem = refused(answer, 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert not api.publisher.sent


@pytest.mark.parametrize("content", [b'{"text": "x"', b"\xff\xfe", b"{'text': 'x'}"])
async def test_what_is_not_json_is_refused(api: Api, content: bytes) -> None:
    answer = await api.post("/v1/prompts", content=content, headers={"Content-Type": "application/json"})
    refused(answer, 400)
    assert not api.publisher.sent


async def test_without_the_broker_there_is_a_503_and_the_repeated_request_repeats_the_event(api: Api) -> None:
    api.publisher.down = True
    answer = await post(api, key="k")
    refused(answer, 503)
    assert int(answer.headers["retry-after"]) >= 1
    # given that the broker took the record after all, and the client tries again
    api.publisher.down = False
    first = await post(api, key="k")
    second = await post(api, key="k")
    assert first.json()["video_id"] == second.json()["video_id"]
    assert len({(envelope.id, envelope.data.ts_us) for envelope in api.publisher.sent}) == 1  # type: ignore[attr-defined]


async def test_without_the_store_only_prompts_with_a_key_have_to_wait(api: Api) -> None:
    api.store.down = True
    refused(await post(api, key="k"), 503)
    assert (await post(api)).status_code == 202


async def test_a_trace_that_the_client_began_goes_on(api: Api) -> None:
    trace = f"00-{'ab' * 16}-{'cd' * 8}-01"
    await post(api, traceparent=trace)
    await post(api, traceparent="00-nonsense")
    assert api.publisher.sent[0].traceparent == trace
    assert api.publisher.sent[1].traceparent not in (None, "00-nonsense")


async def test_a_long_or_empty_key_is_refused(api: Api) -> None:
    refused(await post(api, key="k" * 256), 422)
    refused(await api.post("/v1/prompts", json=BODY, headers={"Idempotency-Key": ""}), 422)


async def test_an_archetype_that_there_is_not_is_refused_and_those_there_are_are_named(api: Api) -> None:
    problem = refused(await post(api, BODY | {"archetype": "haiku"}), 422)
    assert problem["type"].endswith("unknown-archetype") and "'haiku'" in problem["detail"]
    assert problem["errors"][0]["pointer"] == "#/archetype" and "hot-take" in problem["errors"][0]["detail"]
    assert (await post(api, BODY | {"archetype": "hot-take"})).status_code == 202
