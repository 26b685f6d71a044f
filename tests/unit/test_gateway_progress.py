"""The hub and what is being made: the newest alone, for those who watch it and may."""

from __future__ import annotations

import pytest

from infra.auth.scopes import Scope
from query_api.gateway import journal
from query_api.identity.principal import Principal
from schemas import base
from schemas.values import Origin
from schemas.videos import RevisionDropped, RevisionPromoted, Stage, VideoPublished, VideoWithdrawn
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


async def test_how_long_it_will_take_is_told_for_the_scene_that_takes_longest_and_while_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a clock that stands at one second, and a device that says what it expects of two scenes
    monkeypatch.setattr(journal, "now_us", lambda: 1_000_000)
    hub, sink = make_hub(), ListSink()
    begun(hub, 1)
    await hub.join(sink, hello(videos=(vid(1),)))
    expected = [(1, 20.4), (2, 7.0), (1, None), (2, None)]
    for offset, (scene, seconds) in enumerate(expected):
        told = rendering(1, 0.1, scene=scene).model_copy(update={"left_s": seconds, "ts_us": 0})
        hub.take(batch([received(told, offset)]))
        await hub.flush()
    # then that of the slowest is told, rounded up, until nothing is known any more
    assert [frame.get("left_s") for frame in sink.of("progress")[1:]] == [20, 20, 6, None]


def test_stages_have_the_weight_of_one() -> None:
    from query_api.gateway.progress import WEIGHTS, overall

    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert overall({(Stage.ASSEMBLY, 0): 1.0}, 4) == 1.0
    assert overall({}, 1) == 0.0
    assert overall({(Stage.SCENE, 1): 1.0, (Stage.SCENE, 2): 1.0}, 4) == pytest.approx(0.02 + 0.06 + 0.65 / 2)


def dropped(number: int, revision: int = 1, overtaken_by: int | None = None) -> RevisionDropped:
    return RevisionDropped(
        video_id=vid(number), revision=revision, ts_us=9, by="ann", why="there is another", overtaken_by=overtaken_by
    )


def later(event: base.Message, revision: int = 2) -> base.Message:
    return event.model_copy(update={"revision": revision})


def shown(made: VideoPublished) -> RevisionPromoted:
    """It is shown by itself."""
    told = made.model_dump(include=set(RevisionPromoted.model_fields))
    return RevisionPromoted(**told, listed_us=made.ts_us, by="revisions", replaces_draft=True)


async def test_what_is_made_in_place_of_a_dropped_revision_is_told_in_its_place() -> None:
    # given a video that is being made; its owner, one of whose clients watches it, and another
    hub = make_hub()
    watching, silent, other = ListSink(), ListSink(), ListSink()
    await hub.join(watching, hello(videos=(vid(1),)), Principal(VIEWER, frozenset([Scope.VIEWER])))
    await hub.join(silent, hello(), Principal(VIEWER, frozenset([Scope.VIEWER])))
    await hub.join(other, hello(OTHER, videos=(vid(1),)), Principal(OTHER, frozenset([Scope.VIEWER])))
    hub.take(batch([received(accepted(1), 0), received(rendering(1, 0.9), 0)]))
    await hub.flush()
    # when another revision is asked for in its place, and work on the first one tells of itself once more
    hub.take(batch([received(later(accepted(1)), 1), received(dropped(1, overtaken_by=2), 2)]))
    hub.take(batch([received(rendering(1, 0.95), 1), received(later(rendering(1, 0.1)), 2)]))
    await hub.flush()
    # then its owner hears what became of the first, and how far the second is
    (told,) = silent.of("revision")
    assert (told["revision"], told["status"], told["overtaken_by"]) == (1, "dropped", 2)
    assert watching.of("revision") == [told] and told["reason"] == "there is another"
    assert [frame["revision"] for frame in watching.of("progress")] == [1, 2]
    assert not other.of("revision", "progress")
    # and so does one who begins to watch now
    late = ListSink()
    await hub.join(late, hello(videos=(vid(1),)), Principal(VIEWER, frozenset([Scope.VIEWER])))
    assert [(frame["type"], frame.get("revision")) for frame in late.frames[1:]] == [("revision", 1), ("progress", 2)]
    # when it is published and shown
    made = published(1, viewer=VIEWER, revision=2)
    hub.take(batch([received(made, 3), received(shown(made), 4)]))
    await hub.flush()
    # then everyone sees it, also those who come later
    assert [len(sink.of("video")) for sink in (watching, other)] == [1, 1]
    last = ListSink()
    await hub.join(last, hello(videos=(vid(1),)), Principal(VIEWER, frozenset([Scope.VIEWER])))
    assert [frame["type"] for frame in last.frames[1:]] == ["video", "revision"]
    assert last.frames[1]["card"]["revision"] == 2


async def test_what_was_dropped_for_good_is_over_and_what_was_published_all_the_same_is_there() -> None:
    hub, sink, lobby = make_hub(), ListSink(), ListSink()
    hub.take(batch([received(accepted(1), 0), received(accepted(2, origin=Origin.STARTER), 1)]))
    await hub.join(lobby, hello(OTHER, lobby=True))
    assert len(lobby.of("progress")) == 1
    hub.take(batch([received(dropped(1), 2), received(dropped(2), 3)]))
    await hub.flush()
    # then the lobby hears of the starter, and nobody is told later that it is being made
    (told,) = lobby.of("revision")
    assert told["video_id"] == vid(2) and "overtaken_by" not in told
    await hub.join(sink, hello(videos=(vid(1), vid(2)), lobby=True))
    assert [frame["type"] for frame in sink.frames] == ["welcome", "revision", "revision"]
    # when one was on its way already
    hub.take(batch([received(published(1), 4)]))
    late = ListSink()
    await hub.join(late, hello(videos=(vid(1),)))
    assert [frame["type"] for frame in late.frames] == ["welcome", "video"]


@pytest.mark.parametrize(("revision", "told"), [(1, ["withdrawn", "progress"]), (2, ["withdrawn", "withdrawn"])])
async def test_a_withdrawal_ends_what_is_being_made_up_to_the_revision_that_it_names(
    revision: int, told: list[str]
) -> None:
    hub, sink = make_hub(), ListSink()
    hub.take(batch([received(accepted(1, origin=Origin.STARTER), 0), received(later(accepted(1)), 1)]))
    gone = VideoWithdrawn(video_id=vid(1), revision=revision, ts_us=9, reason="no", by="ann")
    hub.take(batch([received(gone, 2), received(rendering(1, 0.9), 0)]))
    await hub.join(sink, hello(videos=(vid(1),), lobby=True))
    assert [frame["type"] for frame in sink.frames[1:]] == told


async def test_what_was_withdrawn_and_is_shown_again_by_hand_is_not_told_as_withdrawn() -> None:
    hub, before, after = make_hub(), ListSink(), ListSink()
    gone = VideoWithdrawn(video_id=vid(1), revision=1, ts_us=9, reason="no", by="ann")
    hub.take(batch([received(published(1), 0), received(gone, 1)]))
    await hub.join(before, hello(videos=(vid(1),)))
    assert [frame["type"] for frame in before.frames] == ["welcome", "withdrawn"]
    # when another revision is shown, by hand
    again = shown(published(1, revision=2)).model_copy(update={"replaces_draft": False})
    hub.take(batch([received(again, 2)]))
    await hub.join(after, hello(videos=(vid(1),)))
    assert [frame["type"] for frame in after.frames] == ["welcome"]
