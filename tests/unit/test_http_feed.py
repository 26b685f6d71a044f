"""`GET /v1/feed` and `POST /v1/swipes` as clients see them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas import ids
from schemas.base import utcnow
from schemas.feeds import FeedServed
from schemas.swipes import SwipeRecorded
from tests.unit.read_kit import Api


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


async def feed(api: Api, viewer: str = "anna", **params: Any) -> dict[str, Any]:
    answer = await api.get("/v1/feed", params={"viewer": viewer, **params})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def swipe(api: Api, *swipes: dict[str, Any], viewer: str = "anna") -> int:
    answer = await api.post("/v1/swipes", json={"viewer_id": viewer, "swipes": list(swipes)})
    return answer.status_code


async def test_a_feed_is_walked_by_its_cursor(api: Api) -> None:
    videos = api.publish(12)
    seen: list[str] = []
    page = await feed(api)
    while page["items"]:
        assert len(page["items"]) == min(5, 12 - len(seen))
        seen += [item["video_id"] for item in page["items"]]
        page = await feed(api, cursor=page["cursor"])
    assert sorted(seen) == sorted(videos)


async def test_each_video_has_all_that_a_player_needs_and_why_it_is_shown(api: Api) -> None:
    api.publish(1, viewer_id="anna")
    (item,) = (await feed(api))["items"]
    assert item["reason"] == "made_for_you"
    assert item["media"]["video"].startswith("/media/") and item["duration_ms"] == 16_000
    assert (item["width"], item["height"]) == (1080, 1920)


async def test_a_feed_is_not_cached(api: Api) -> None:
    answer = await api.get("/v1/feed", params={"viewer": "anna"})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "params",
    [{}, {"viewer": ""}, {"viewer": "a b"}, {"viewer": "a", "limit": 0}, {"viewer": "a", "limit": 51},
     {"viewer": "a", "limit": "many"}, {"viewer": "a", "cursor": "nonsense"}, {"viewer": "a" * 65}],
)  # fmt: skip
async def test_a_wrong_question_is_a_422(api: Api, params: dict[str, Any]) -> None:
    answer = await api.get("/v1/feed", params=params)
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert not api.publisher.of(FeedServed)


async def test_swipes_become_events_that_say_what_the_video_was_about(api: Api) -> None:
    video, unknown = api.publish(1, subject="sea")[0], ids.video_id("never made")
    status = await swipe(
        api,
        {"video_id": video, "action": "watched", "watched_ms": 9000, "duration_ms": 16000, "position": 2},
        {"video_id": unknown, "action": "skipped"},
    )
    first, second = api.publisher.of(SwipeRecorded)
    assert status == 202
    assert (first.subject, first.archetype, first.watched_ms, first.position) == ("sea", "list", 9000, 2)
    assert second.subject is None and second.ts_us > first.ts_us


async def test_a_swipe_that_is_sent_twice_is_one_event(api: Api) -> None:
    one = {"video_id": api.publish(1)[0], "action": "liked", "swipe_id": "s-1"}
    await swipe(api, one)
    await swipe(api, one)
    await swipe(api, one, viewer="bob")
    events = [envelope.id for envelope in api.publisher.sent]
    assert events[0] == events[1] != events[2]


async def test_a_swiped_video_is_out_of_the_feed_at_once(api: Api) -> None:
    videos = api.publish(3)
    await swipe(api, {"video_id": videos[0], "action": "skipped"})
    assert {item["video_id"] for item in (await feed(api))["items"]} == set(videos[1:])


async def test_the_clients_time_is_believed_when_it_can_be_true(api: Api) -> None:
    video, now = api.publish(1)[0], utcnow()
    earlier, never = now - timedelta(hours=1), now + timedelta(days=1)
    swipes = [{"video_id": video, "action": "liked", "at": at.isoformat()} for at in (earlier, never)]
    assert await swipe(api, *swipes) == 202
    first, second = api.publisher.sent
    assert first.time == earlier
    assert abs(second.time - now) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "body",
    [
        {"viewer_id": "anna", "swipes": []},
        {"viewer_id": "anna", "swipes": [{"video_id": "x", "action": "liked"}]},
        {"viewer_id": "anna", "swipes": [{"video_id": ids.video_id("a"), "action": "loved"}]},
        {"viewer_id": "anna", "swipes": [{"video_id": ids.video_id("a"), "action": "liked", "watched_ms": -1}]},
        {"viewer_id": "anna", "swipes": [{"video_id": ids.video_id("a"), "action": "liked", "extra": 1}]},
        {"viewer_id": "anna", "swipes": [{"video_id": ids.video_id("a"), "action": "liked"}] * 101},
        {"viewer_id": "an na", "swipes": [{"video_id": ids.video_id("a"), "action": "liked"}]},
        {"swipes": [{"video_id": ids.video_id("a"), "action": "liked"}]},
    ],
)
async def test_wrong_swipes_are_refused_as_a_whole(api: Api, body: dict[str, Any]) -> None:
    answer = await api.post("/v1/swipes", json=body)
    assert answer.status_code == 422 and not api.publisher.sent


async def test_without_a_part_swipes_are_a_503_and_can_be_sent_again(api: Api) -> None:
    one = {"video_id": api.publish(1)[0], "action": "liked", "swipe_id": "s"}
    api.publisher.down = True
    assert await swipe(api, one) == 503
    api.publisher.down = False
    api.store.down = True
    api.restart()
    assert await swipe(api, one) == 503
    api.store.down = False
    assert await swipe(api, one) == 202


async def test_without_the_store_the_feed_is_a_503(api: Api) -> None:
    api.store.down = True
    answer = await api.get("/v1/feed", params={"viewer": "anna"})
    assert answer.status_code == 503 and answer.headers["retry-after"]


async def test_several_swipes_are_each_remembered_with_the_time_of_their_event(api: Api) -> None:
    videos = [ids.video_id(name) for name in "abc"]
    assert await swipe(api, *({"video_id": video, "action": "liked"} for video in videos)) == 202
    own = api.parts.feed.viewers.known("anna").own
    assert {video: seen.swiped_us for video, seen in own.items()} == {
        event.data.video_id: event.data.ts_us for event in api.publisher.sent if isinstance(event.data, SwipeRecorded)
    }
