"""The hub and what is being made: the newest alone, for those who watch it and may."""

from __future__ import annotations

import pytest

from infra.auth.scopes import Scope
from query_api.identity.principal import Principal
from schemas.values import Origin
from schemas.videos import Stage
from tests.unit.gateway_kit import (
    OTHER,
    VIEWER,
    ListSink,
    accepted,
    batch,
    begun,
    failed,
    hello,
    make_hub,
    published,
    received,
    rendering,
    vid,
)


async def test_progress_goes_only_to_those_who_watch_and_only_the_newest_is_told() -> None:
    hub, watcher, other = make_hub(), ListSink(), ListSink()
    begun(hub, 1)
    await hub.join(watcher, hello(videos=(vid(1),)))
    await hub.join(other, hello(OTHER))
    hub.take(batch([received(rendering(1, step / 100), step) for step in range(100)]))
    await hub.flush()
    greeted, told = watcher.of("progress")
    assert greeted["fraction"] < 0.1 and told["fraction"] > 0.2
    assert other.of("progress") == []


async def test_new_videos_are_never_conflated_with_progress() -> None:
    hub, sink = make_hub(), ListSink()
    begun(hub, 1, 2)
    await hub.join(sink, hello(videos=(vid(1), vid(2))))
    hub.take(batch([received(published(1), 0), received(rendering(1, 0.9), 0), received(rendering(2, 0.1), 1)]))
    await hub.flush()
    assert [frame["type"] for frame in sink.frames] == ["welcome", "progress", "progress", "video", "progress"]
    assert sink.frames[-1]["video_id"] == vid(2)


async def test_how_a_candidate_comes_to_be_is_told_to_those_who_watch_and_may_and_to_nobody_else() -> None:
    # given a starter that everyone has seen, and its owner, an operator and another, who watch it; others do not
    hub = make_hub()
    owner, operator, other, silent, lobby = [ListSink() for _ in range(5)]
    hub.take(batch([received(accepted(1, origin=Origin.STARTER), 0), received(published(1, viewer=VIEWER), 1)]))
    watches = hello(videos=(vid(1),))
    await hub.join(owner, watches, Principal(VIEWER, frozenset([Scope.VIEWER])))
    await hub.join(operator, watches, Principal("op", frozenset([Scope.OPERATOR])))
    await hub.join(other, watches, Principal(OTHER, frozenset([Scope.VIEWER])))
    await hub.join(silent, hello(), Principal(VIEWER, frozenset([Scope.VIEWER])))
    await hub.join(lobby, hello(lobby=True), Principal(OTHER, frozenset([Scope.VIEWER])))
    # when it is made once more
    again = accepted(1, origin=Origin.STARTER).model_copy(update={"revision": 2})
    moved = rendering(1, 0.5).model_copy(update={"revision": 2})
    hub.take(batch([received(again, 2), received(moved, 0)]))
    await hub.flush()
    hub.take(batch([received(published(1, viewer=VIEWER, revision=2), 3)]))
    await hub.flush()
    # then its owner and the operator hear how far it is, and that it is ready, without its card
    for sink in (owner, operator):
        (progress,) = sink.of("progress")
        assert progress["revision"] == 2 and 0 < progress["fraction"] < 1
        (ready,) = sink.of("revision")
        assert (ready["revision"], ready["status"]) == (2, "ready") and "card" not in ready
    for sink in (other, silent, lobby):
        assert not sink.of("progress", "revision")
    # and who begins to watch later hears both: what is seen, and how the candidate ended
    late = ListSink()
    await hub.join(late, watches, Principal(VIEWER, frozenset([Scope.VIEWER])))
    assert [frame["type"] for frame in late.frames] == ["welcome", "video", "revision"]


@pytest.mark.parametrize("revision", [1, 2])
async def test_nothing_is_told_of_a_video_before_it_is_known_whose_it_is(revision: int) -> None:
    hub, sink, late = make_hub(), ListSink(), ListSink()
    stranger = Principal(OTHER, frozenset([Scope.VIEWER]))
    await hub.join(sink, hello(OTHER, videos=(vid(1),)), stranger)
    hub.take(batch([received(rendering(1, 0.5).model_copy(update={"revision": revision}), 0)], {0: 0}))
    await hub.flush()
    await hub.join(late, hello(OTHER, videos=(vid(1),)), stranger)
    assert not sink.of("progress") and not late.of("progress")


async def test_of_several_candidates_the_newest_is_told_and_what_comes_late_changes_nothing() -> None:
    hub, sink = make_hub(), ListSink()
    await hub.join(sink, hello(videos=(vid(1),)))
    for number, offset in ((2, 0), (3, 1)):
        hub.take(batch([received(accepted(1).model_copy(update={"revision": number}), offset)]))
    hub.take(batch([received(rendering(1, 0.9).model_copy(update={"revision": 2}), 0)], {0: 2}))
    await hub.flush()
    assert {frame["revision"] for frame in sink.of("progress")} == {3}
    hub.take(batch([received(published(1, viewer=VIEWER, revision=2), 2)]))
    await hub.flush()
    assert [frame["revision"] for frame in sink.of("revision")] == [2]


async def test_one_who_begins_to_watch_is_told_where_the_video_is() -> None:
    hub, sink = make_hub(), ListSink()
    hub.take(batch([received(accepted(1), 0), received(rendering(1, 0.5, preview="abc"), 0), received(failed(2), 1)]))
    await hub.flush()
    member = await hub.join(sink, hello(OTHER, videos=(vid(2),)))
    hub.watch(member, vid(1))
    assert sink.of("failed")[0]["reason"] == "no luck"
    assert "token" not in sink.of("failed")[0]
    assert sink.of("progress")[0]["preview"] == "abc"
    hub.unwatch(member, vid(1))
    hub.take(batch([received(rendering(1, 0.9), 1)]))
    await hub.flush()
    assert len(sink.of("progress")) == 1


async def test_the_lobby_sees_starter_videos_and_no_others() -> None:
    hub, sink = make_hub(), ListSink()
    hub.take(batch([received(accepted(1, origin=Origin.STARTER, viewer=None), 0), received(accepted(2), 1)]))
    member = await hub.join(sink, hello(OTHER))
    hub.lobby(member, True)
    hub.take(batch([received(rendering(1, 0.5), 0), received(rendering(2, 0.5), 1)]))
    hub.take(batch([received(accepted(3, origin=Origin.STARTER, viewer=None), 2)]))
    await hub.flush()
    assert {frame["video_id"] for frame in sink.of("progress", "accepted")} == {vid(1), vid(3)}
    hub.lobby(member, False)
    hub.take(batch([received(rendering(1, 0.7), 2)]))
    await hub.flush()
    assert len([frame for frame in sink.of("progress") if frame["video_id"] == vid(1)]) == 2


async def test_progress_never_goes_back() -> None:
    hub, sink = make_hub(), ListSink()
    begun(hub, 1)
    await hub.join(sink, hello(videos=(vid(1),)))
    for offset, step in enumerate([(0.9, 1), (0.2, 1), (0.5, 2), (0.1, 2)]):
        hub.take(batch([received(rendering(1, step[0], scene=step[1]), offset)]))
        await hub.flush()
    told = [frame["fraction"] for frame in sink.of("progress")]
    assert len(told) == 5 and told == sorted(told)


async def test_the_stage_that_is_told_is_the_furthest_one() -> None:
    hub, sink = make_hub(), ListSink()
    begun(hub, 1)
    await hub.join(sink, hello(videos=(vid(1),)))
    for offset, (stage, scene) in enumerate([(Stage.VOICE, 1), (Stage.SCENE, 1), (Stage.VOICE, 2), (Stage.SCENE, 2)]):
        hub.take(batch([received(rendering(1, 1.0, scene=scene, stage=stage), offset)]))
        await hub.flush()
    told = [(frame["stage"], frame["scene_number"]) for frame in sink.of("progress")[1:]]
    assert told == [("voice", 1), ("scene", 1), ("scene", 1), ("scene", 2)]


def test_stages_have_the_weight_of_one() -> None:
    from query_api.gateway.progress import WEIGHTS, overall

    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert overall({(Stage.ASSEMBLY, 0): 1.0}, 4) == 1.0
    assert overall({}, 1) == 0.0
    assert overall({(Stage.SCENE, 1): 1.0, (Stage.SCENE, 2): 1.0}, 4) == pytest.approx(0.02 + 0.06 + 0.65 / 2)
