"""History, reports, figures, revisions, and a feed that says when nothing is new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from infra.errors import UnavailableError
from infra.kafka.incarnations import Incarnation
from infra.kafka.tail import Batch
from query_api.figures import Tally
from query_api.http.figure_answers import Figures
from schemas import ids
from schemas.base import now_us
from schemas.feeds import FeedServed
from schemas.swipes import Action, SwipeRecorded
from schemas.videos import VideoWithdrawn
from tests.unit.read_kit import Api, apply, life, published


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


async def swipe(api: Api, video: str, action: str, viewer: str = "anna", **more: Any) -> None:
    body = {"viewer_id": viewer, "swipes": [{"video_id": video, "action": action, **more}]}
    assert (await api.post("/v1/swipes", json=body)).status_code == 202
    apply(api.store, api.publisher.sent[-1:])


async def history(api: Api, **params: Any) -> dict[str, Any]:
    answer = await api.get("/v1/history", params={"viewer": "anna", **params})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_a_viewer_saw_is_told_latest_first_page_by_page(api: Api) -> None:
    videos = api.publish(5)
    for video in videos:
        await swipe(api, video, "watched", watched_ms=9000, duration_ms=16000)
    first = await history(api, limit=3)
    rest = await history(api, limit=3, before=first["before"])
    assert [item["video_id"] for item in (*first["items"], *rest["items"])] == videos[::-1]
    assert "before" not in rest and first["items"][0]["card"]["title"] == "Cats"
    assert (await history(api, viewer="bob"))["items"] == []


async def test_likes_are_asked_for_alone_and_what_is_reported_is_not_told(api: Api) -> None:
    liked, left, reported, unwanted = api.publish(4)
    await swipe(api, liked, "liked")
    await swipe(api, left, "liked")
    await swipe(api, left, "unliked")
    await swipe(api, reported, "reported")
    await swipe(api, unwanted, "not_interested")
    assert [item["video_id"] for item in (await history(api, only="liked"))["items"]] == [liked]
    assert {item["video_id"] for item in (await history(api))["items"]} == {liked, left}


async def test_a_report_hides_the_video_at_once_and_an_operator_can_take_it_out(api: Api) -> None:
    # given two videos, one of which anna reports
    bad, good = api.publish(2)
    body = {"viewer_id": "anna", "reason": "misleading", "detail": "at 0:12"}
    assert (await api.post(f"/v1/videos/{bad}/report", json=body)).status_code == 202
    feed = (await api.get("/v1/feed?viewer=anna")).json()["items"]
    assert [item["video_id"] for item in feed] == [good]
    # when she does so again, it is the same report
    await api.post(f"/v1/videos/{bad}/report", json=body)
    reports = [one for one in api.publisher.sent if isinstance(one.data, SwipeRecorded)]
    assert reports[0].id == reports[1].id
    apply(api.store, reports[:1])
    # then operators see it, with what became of the video
    (told,) = (await api.get("/v1/reports")).json()["reports"]
    assert (told["video_id"], told["reason"], told["detail"]) == (bad, "misleading", "at 0:12")
    assert (told["title"], told["status"]) == ("Cats", "published")
    assert (await api.post(f"/v1/videos/{bad}/withdraw", json={"reason": "it is"})).status_code == 202
    (gone,) = api.publisher.of(VideoWithdrawn)
    assert gone.revision == 1
    apply(api.store, [one for one in api.publisher.sent if isinstance(one.data, VideoWithdrawn)])
    assert (await api.get("/v1/reports")).json()["reports"][0]["status"] == "withdrawn"
    assert (await api.post(f"/v1/videos/{bad}/withdraw", json={"reason": "again"})).status_code == 409


async def test_only_what_is_shown_can_be_reported_and_only_operators_read_reports(tmp_path: Path) -> None:
    api = Api(tmp_path, auth="required")
    issuer = TokenIssuer(root_key(api.parts.settings))
    anna = {"Authorization": f"Bearer {issuer.issue('anna', [Scope.CREATOR], 60)}"}
    for path, body in (("report", {"reason": "spam"}), ("withdraw", {"reason": "x"})):
        answer = await api.post(f"/v1/videos/{ids.fresh()}/{path}", json=body, headers=anna)
        assert answer.status_code == (404 if path == "report" else 403)
    assert (await api.get("/v1/reports", headers=anna)).status_code == 403


async def test_a_feed_in_which_nothing_is_new_is_a_304_and_serves_nothing(api: Api) -> None:
    videos = api.publish(3)
    first = await api.get("/v1/feed?viewer=anna")
    tag = {"If-None-Match": first.headers["etag"]}
    assert first.headers["etag"].startswith('W/"')
    # given nothing new
    again = await api.get("/v1/feed?viewer=anna", headers=tag)
    assert again.status_code == 304 and not again.content and again.headers["etag"] == first.headers["etag"]
    assert len(api.publisher.of(FeedServed)) == 1
    # when the viewer swipes, or something new comes
    await swipe(api, videos[0], "watched")
    swiped = await api.get("/v1/feed?viewer=anna", headers=tag)
    assert swiped.status_code == 200 and swiped.headers["etag"] != first.headers["etag"]
    apply(api.store, [published(ids.video_id("new"), now_us())])
    api.restart()
    newer = await api.get("/v1/feed?viewer=anna", headers={"If-None-Match": swiped.headers["etag"]})
    assert newer.status_code == 200


async def test_the_revisions_of_a_video_and_what_they_cost(api: Api) -> None:
    video = ids.video_id("v")
    apply(api.store, life(video, now_us() - 1000))
    apply(api.store, [published(video, now_us(), revision=2)])
    told = (await api.get(f"/v1/videos/{video}/revisions")).json()["revisions"]
    assert [(one["revision"], one["live"], one["status"]) for one in told] == [
        (1, True, "published"),
        (2, False, "published"),
    ]
    assert told[0]["cost"]["amount"] == 1.0
    assert (await api.get(f"/v1/videos/{ids.fresh()}/revisions")).status_code == 404


async def test_figures_count_what_happened_once(api: Api) -> None:
    tally = Tally()
    assert (tally.completion_rate, tally.success_rate) == (None, None)
    for event in (
        *life("00000000-0000-0000-0000-000000000001", 10),
        *life("0" * 8 + "-0000-0000-0000-000000000002", 20, end="failed"),
    ):
        tally.count(event.data)
    for action, watched in ((Action.WATCHED, 16000), (Action.WATCHED, 100), (Action.SKIPPED, 0), (Action.LIKED, 0)):
        tally.count(
            SwipeRecorded(
                viewer_id="a", video_id=ids.fresh(), action=action, watched_ms=watched, duration_ms=16000, ts_us=30
            )
        )
    api.parts.figures = Figures(tally, lambda: {"scene-tasks.interactive": 3, "script-tasks": 1})
    told = (await api.get("/v1/figures")).json()
    window = told["engagement"].pop("window")
    assert window == {"since": "1970-01-01T00:00:00.000030Z", "events": 4, "whole": False}
    assert told["making"]["window"]["since"] < window["since"] and told["since"] == told["making"]["window"]["since"]
    assert told["engagement"] | {"watched_seconds": 0} == {
        "views": 3, "completion_rate": 0.3333, "watched_seconds": 0, "likes": 1, "shares": 0, "not_interested": 0,
        "reports": 0,
    }  # fmt: skip
    assert told["making"]["success_rate"] == 0.5 and told["cost"]["per_video"] == 1.0
    assert told["queues"] == {"scripts": 1, "scenes": {"interactive": 3, "prefetch": 0, "bulk": 0}, "assemblies": 0}


@pytest.mark.parametrize(("start", "broken", "whole"), [(3, False, True), (4, False, False), (3, True, False)])
async def test_figures_say_whether_they_are_of_all_that_the_log_holds(
    api: Api, start: int, broken: bool, whole: bool
) -> None:
    # given a log whose first record of swipes is the third, and of video events the first
    ranges = {("swipes", 0): (3, 90), ("video-events", 0): (0, 5)}
    log = Incarnation(ids={"swipes": "a", "video-events": "b"}, ranges=ranges)
    tally = Tally()
    # when it is read from there on, or from later, or with a gap
    tally.take(Batch(records=(), positions={("swipes", 0): start, ("video-events", 0): 0}, incarnation=log))
    tally.take(Batch(records=(), positions={("swipes", 0): 90}, incarnation=log, broken=broken))
    # then that is told
    api.parts.figures = Figures(tally, dict)
    told = (await api.get("/v1/figures")).json()
    assert told["engagement"]["window"] == {"events": 0, "whole": whole}
    assert told["making"]["window"]["whole"] is not broken


async def test_figures_are_told_without_kafka_too(api: Api) -> None:
    def away() -> dict[str, int]:
        raise UnavailableError("away")

    api.parts.figures = Figures(Tally(), away)
    told = (await api.get("/v1/figures")).json()
    assert "queues" not in told and told["engagement"]["views"] == 0
