"""The hub: order, conflation, resume, and nobody waiting for anybody."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from infra.auth.scopes import Scope
from query_api.gateway.hub import Hub, TooManyError
from query_api.gateway.limits import Limits
from query_api.gateway.requests import Hello
from query_api.gateway.tokens import Signer
from query_api.identity.principal import Principal
from schemas.values import Origin
from schemas.videos import Stage
from tests.unit.gateway_kit import (
    OTHER,
    VIEWER,
    ListSink,
    accepted,
    batch,
    failed,
    published,
    received,
    rendering,
    vid,
)

KEY = b"k" * 32
LIMITS = Limits(tick_s=0.005, beat_s=0.05, ahead_s=0.1, ring=50, replay=20)


def make_hub(limits: Limits = LIMITS) -> Hub:
    hub = Hub(Signer(KEY), limits)
    hub.take(batch(positions={0: 0, 1: 0}))
    return hub


def hello(
    viewer: str = VIEWER, *, resume: str | None = None, videos: tuple[str, ...] = (), lobby: bool = False
) -> Hello:
    return Hello(type="hello", viewer_id=viewer, resume=resume, videos=videos, lobby=lobby)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = make_hub()
    running = asyncio.create_task(hub.run())
    yield hub
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def begun(hub: Hub, *numbers: int) -> None:
    """It is known whose these are."""
    hub.take(batch([received(accepted(number), number, partition=1) for number in numbers]))


async def test_a_new_video_reaches_everyone_in_the_order_of_its_partition() -> None:
    hub, sinks = make_hub(), [ListSink(), ListSink()]
    for sink, viewer in zip(sinks, (VIEWER, OTHER), strict=True):
        await hub.join(sink, hello(viewer))
    hub.take(batch([received(published(number), number) for number in range(5)]))
    await hub.flush()
    for sink in sinks:
        assert [frame["at"] for frame in sink.of("video")] == [[0, number] for number in range(5)]
        assert sink.frames[0]["type"] == "welcome"


async def test_one_message_carries_all_frames_of_a_tick_and_is_built_once() -> None:
    hub, sinks = make_hub(), [ListSink(), ListSink(), ListSink()]
    for sink in sinks:
        await hub.join(sink, hello())
    hub.take(batch([received(published(number), number) for number in range(3)]))
    await hub.flush()
    assert len({id(sink.messages[-1]) for sink in sinks}) == 1
    assert len(sinks[0].messages) == 2


async def test_the_owner_is_told_that_a_video_is_theirs_and_others_that_it_was_made_ahead_for_somebody() -> None:
    hub, own, other = make_hub(), ListSink(), ListSink()
    await hub.join(own, hello(VIEWER))
    await hub.join(other, hello(OTHER))
    hub.take(batch([received(published(1, origin=Origin.PREFETCH, viewer=VIEWER), 0), received(published(2), 1)]))
    await hub.flush()
    assert [frame["audience"] for frame in own.of("video")] == ["you", "everyone"]
    assert [frame["audience"] for frame in other.of("video")] == ["another", "everyone"]
    assert VIEWER not in str(other.frames)


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


async def test_failures_go_to_the_owner_and_to_watchers_alone() -> None:
    hub, owner, watcher, other = make_hub(), ListSink(), ListSink(), ListSink()
    await hub.join(owner, hello(VIEWER))
    await hub.join(watcher, hello("watcher", videos=(vid(1),)))
    await hub.join(other, hello(OTHER))
    hub.take(batch([received(failed(1), 0)]))
    await hub.flush()
    for sink in (owner, watcher):
        assert sink.of("failed")[0] | {"token": ""} == {
            "type": "failed", "stage": "scene", "error": "BackendError", "reason": "no luck", "video_id": vid(1),
            "revision": 1, "at": [0, 0], "token": "",
        }  # fmt: skip
    assert other.of("failed") == []


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


async def test_a_client_that_comes_back_hears_what_it_missed_once_and_in_order() -> None:
    hub, first = make_hub(), ListSink()
    member = await hub.join(first, hello())
    hub.take(batch([received(published(1), 0)]))
    await hub.flush()
    hub.leave(member)
    hub.take(batch([received(published(2), 1), received(accepted(7), 0, partition=1)]))
    await hub.flush()
    again = ListSink()
    await hub.join(again, hello(resume=first.token))
    hub.take(batch([received(published(3), 2)]))
    await hub.flush()
    assert again.frames[0]["resumed"]
    assert again.frames[0]["replayed"] == 2
    assert [frame["type"] for frame in again.frames[1:]] == ["video", "accepted", "video"]
    assert [frame["video_id"] for frame in again.of("video")] == [vid(2), vid(3)]


async def test_what_is_taken_in_but_not_delivered_yet_is_told_once_to_one_who_comes_between() -> None:
    hub, first, second = make_hub(), ListSink(), ListSink()
    token = hub.token
    await hub.join(first, hello(OTHER))
    hub.take(batch([received(published(1), 0)]))
    await hub.join(second, hello(resume=token))
    await hub.flush()
    assert [frame["video_id"] for frame in second.of("video")] == [vid(1)]
    assert [frame["video_id"] for frame in first.of("video")] == [vid(1)]


@pytest.mark.parametrize("seed", range(20))
async def test_reconnects_at_any_moment_leave_no_gap_and_no_duplicate(seed: int) -> None:
    import random

    draw, hub = random.Random(seed), make_hub(Limits(replay=500))
    sink = ListSink()
    token: str | None = hub.token
    seen: list[str] = []
    member = None
    offsets = [0, 0]
    for number in range(60):
        step = draw.random()
        partition = draw.randrange(2)
        if step < 0.5:
            hub.take(batch([received(published(number), offsets[partition], partition)]))
            offsets[partition] += 1
        elif step < 0.75:
            await hub.flush()
        elif member is None:
            sink = ListSink()
            member = await hub.join(sink, hello(resume=token))
        else:
            hub.leave(member)
            seen += [frame["video_id"] for frame in sink.of("video")]
            token, member = sink.token, None
    if member is None:
        sink = ListSink()
        await hub.join(sink, hello(resume=token))
    await hub.flush()
    seen += [frame["video_id"] for frame in sink.of("video")]
    assert len(seen) == len(set(seen)) == sum(offsets)


async def test_a_token_survives_a_change_of_node() -> None:
    one, other = make_hub(), make_hub()
    records = [received(published(number), number) for number in range(3)]
    one.take(batch(records[:2]))
    other.take(batch(records))
    sink = ListSink()
    await other.join(sink, hello(resume=one.token))
    assert sink.frames[0]["resumed"]
    assert [frame["video_id"] for frame in sink.of("video")] == [vid(2)]


async def test_what_is_replayed_by_a_node_that_heard_the_partitions_in_another_order_takes_no_token_back() -> None:
    # Given two nodes: one heard partition 1 first, the other partition 0
    one, other = make_hub(), make_hub()
    first, second = received(published(1), 0, partition=0), received(published(2), 0, partition=1)
    one.take(batch([second], {0: 0, 1: 1}))
    other.take(batch([first], {0: 1, 1: 0}))
    other.take(batch([second], {0: 1, 1: 1}))
    # When somebody who heard partition 1 goes over, is told what is missing, and goes away at once
    sink = ListSink()
    await other.join(sink, hello(resume=one.token))
    assert [frame["video_id"] for frame in sink.of("video")] == [vid(1)]
    again = ListSink()
    await other.join(again, hello(resume=sink.token))
    # Then nothing is told twice
    assert again.of("video") == []


async def test_a_token_from_a_node_that_is_further_on_is_waited_for() -> None:
    ahead, behind = make_hub(), make_hub()
    records = [received(published(1), 0)]
    ahead.take(batch(records))
    sink = ListSink()
    joining = asyncio.create_task(behind.join(sink, hello(resume=ahead.token)))
    await asyncio.sleep(0.02)
    behind.take(batch(records))
    await joining
    await behind.flush()
    assert sink.frames[0]["resumed"]
    assert sink.of("video") == []


@pytest.mark.parametrize("reason", ["token", "log", "ahead", "expired", "too_many"])
async def test_a_token_that_cannot_be_honoured_gives_one_plain_resync(reason: str) -> None:
    hub, other = make_hub(), Hub(Signer(KEY), LIMITS)
    start = hub.token
    other.take(batch([received(published(9), 90)], incarnation="two" if reason == "log" else "one"))
    missed = {"expired": 80, "too_many": 30}.get(reason, 1)
    hub.take(batch([received(published(number), number) for number in range(missed)]))
    token = {"token": "no-token", "log": other.token, "ahead": other.token}.get(reason, start)
    sink = ListSink()
    await hub.join(sink, hello(resume=token))
    assert [frame["type"] for frame in sink.frames] == ["welcome", "resync"]
    assert sink.frames[1]["reason"] == reason
    assert sink.token == hub.token


async def test_everyone_is_told_to_start_afresh_when_the_log_is_made_anew() -> None:
    hub, sink = make_hub(), ListSink()
    await hub.join(sink, hello())
    hub.take(batch([received(published(1), 500)]))
    hub.take(batch(positions={0: 0}, incarnation="two"))
    hub.take(batch([received(published(2), 0)], incarnation="two"))
    await hub.flush()
    assert [frame["type"] for frame in sink.frames] == ["welcome", "resync", "video"]


async def test_before_the_log_could_be_read_clients_wait_and_are_then_told_to_start() -> None:
    hub, sink = Hub(Signer(KEY), LIMITS), ListSink()
    await hub.join(sink, hello(resume="anything"))
    assert not sink.frames[0]["live"]
    hub.take(batch([received(published(1), 0)], caught_up=False))
    hub.take(batch())
    await hub.flush()
    assert [frame["type"] for frame in sink.frames] == ["welcome", "resync", "resync"]
    assert sink.token == hub.token


async def test_history_that_was_read_back_is_replayed_but_not_pushed() -> None:
    hub = Hub(Signer(KEY), LIMITS)
    hub.take(batch(positions={0: 10}, caught_up=False))
    hub.take(batch([received(published(number), number) for number in range(10, 14)]))
    before = make_hub()
    before.take(batch([received(published(number), number) for number in range(12)]))
    sink = ListSink()
    await hub.join(sink, hello(resume=before.token))
    await hub.flush()
    assert [frame["video_id"] for frame in sink.of("video")] == [vid(12), vid(13)]


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


async def test_a_quiet_hub_beats_and_its_token_moves_on(hub: Hub) -> None:
    sink = ListSink()
    await hub.join(sink, hello())
    hub.take(batch(positions={0: 700, 1: 0}))
    async with asyncio.timeout(30):
        while not sink.of("beat"):  # noqa: ASYNC110  # a sink tells nobody
            await asyncio.sleep(0.01)
    assert sink.of("beat")[0] == {"type": "beat", "token": hub.token, "live": True}


async def test_clients_are_told_when_the_log_is_away_and_when_it_is_back() -> None:
    hub, sink, up = make_hub(), ListSink(), [False]

    async def nothing() -> AsyncIterator[None]:
        return
        yield

    await hub.follow(nothing(), lambda: up[0])  # type: ignore[arg-type]
    await hub.join(sink, hello())
    await hub.beat()
    up[0] = True
    await hub.beat()
    assert [frame["live"] for frame in sink.of("welcome", "beat")] == [False, False, True]


async def test_a_viewer_has_a_bounded_number_of_connections() -> None:
    hub = make_hub(Limits(connections_per_viewer=2))
    members = [await hub.join(ListSink(), hello()) for _ in range(2)]
    with pytest.raises(TooManyError):
        await hub.join(ListSink(), hello())
    hub.leave(members[0])
    await hub.join(ListSink(), hello())
    await hub.join(ListSink(), hello(OTHER))


async def test_a_record_that_cannot_be_told_does_not_stop_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    from query_api.gateway import entries

    hub, sink = make_hub(), ListSink()
    await hub.join(sink, hello())
    real, calls = entries.card, iter([True])

    def card(event: object) -> object:
        if next(calls, False):
            raise RuntimeError("no card")
        return real(event)  # type: ignore[arg-type]

    monkeypatch.setattr(entries, "card", card)
    hub.take(batch([received(published(1), 0), received(published(2), 1)]))
    await hub.flush()
    assert [frame["video_id"] for frame in sink.of("video")] == [vid(2)]


async def test_nothing_is_kept_of_those_who_left() -> None:
    hub = make_hub()
    for number in range(50):
        member = await hub.join(ListSink(), hello(f"viewer-{number}", videos=(vid(number),), lobby=True))
        hub.watch(member, vid(number + 1))
        hub.leave(member)
    assert len(hub.members) == 0
    assert not hub.members._viewers
    assert not hub.members._watchers
    assert not hub.members.lobby


async def test_a_thousand_clients_are_served_in_slices_that_let_others_run() -> None:
    hub = make_hub(Limits(slice=64))
    for number in range(1000):
        await hub.join(ListSink(), hello(f"v{number}"))
    hub.take(batch([received(published(1), 0)]))
    turns, done = 0, asyncio.create_task(hub.flush())
    started = time.monotonic()
    while not done.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 1000 // 64
    assert time.monotonic() - started < 2


def test_stages_have_the_weight_of_one() -> None:
    from query_api.gateway.progress import WEIGHTS, overall

    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert overall({(Stage.ASSEMBLY, 0): 1.0}, 4) == 1.0
    assert overall({}, 1) == 0.0
    assert overall({(Stage.SCENE, 1): 1.0, (Stage.SCENE, 2): 1.0}, 4) == pytest.approx(0.02 + 0.06 + 0.65 / 2)


async def test_an_event_that_stands_in_the_log_twice_is_told_once() -> None:
    # given
    hub, sink = make_hub(), ListSink()
    await hub.join(sink, hello())
    first = received(published(1), 0)
    again = replace(first, raw=replace(first.raw, offset=1))
    # when it comes again, at once, later, and after somebody has come back
    hub.take(batch([first, again]))
    await hub.flush()
    hub.take(batch([replace(first, raw=replace(first.raw, offset=2)), received(published(2), 3)]))
    await hub.flush()
    # then
    assert [frame["video_id"] for frame in sink.of("video")] == [vid(1), vid(2)]
    back = ListSink()
    await hub.join(back, hello(resume=sink.of("video")[0]["token"]))
    assert [frame["video_id"] for frame in back.of("video")] == [vid(2)]


async def test_a_client_that_comes_back_to_a_node_that_has_just_started_is_told_what_it_missed() -> None:
    # Given a token of before the restart, and a node that has not read the log yet
    before, sink = make_hub(), ListSink()
    await before.join(sink, hello())
    before.take(batch([received(published(1), 0)]))
    await before.flush()
    hub = Hub(Signer(KEY), replace(LIMITS, ahead_s=2.0))
    back = ListSink()
    joining = asyncio.create_task(hub.join(back, hello(resume=sink.token)))
    await asyncio.sleep(0.02)
    # When it has
    hub.take(batch(positions={0: 0, 1: 0}, caught_up=False))
    hub.take(batch([received(published(1), 0), received(published(2), 1)], positions={0: 2, 1: 0}))
    await asyncio.wait_for(joining, 30)
    # Then nobody has to start afresh
    assert back.of("welcome")[0]["resumed"] is True and not back.of("resync")
    assert [frame["video_id"] for frame in back.of("video")] == [vid(2)]
