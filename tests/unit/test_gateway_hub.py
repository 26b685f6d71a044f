"""The hub: who hears what, in which order, and nobody waiting for anybody."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from query_api.gateway.hub import Hub, TooManyError
from query_api.gateway.limits import Limits
from schemas.values import Origin
from tests.unit.gateway_kit import (
    OTHER,
    VIEWER,
    ListSink,
    accepted,
    batch,
    failed,
    hello,
    make_hub,
    published,
    received,
    vid,
)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = make_hub()
    running = asyncio.create_task(hub.run())
    yield hub
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


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


async def test_the_bytes_that_wait_for_clients_are_those_of_the_moment(hub: Hub) -> None:
    def told() -> float | None:
        return REGISTRY.get_sample_value("swipestream_gateway_buffered_bytes")

    sinks = [ListSink(buffered=70), ListSink(buffered=7)]
    members = [await hub.join(sink, hello()) for sink in sinks]
    await asyncio.sleep(0)  # it has begun to run
    assert told() == 77
    sinks[1].buffered = 10
    assert told() == 80
    hub.leave(members[0])
    assert told() == 10


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


async def test_what_concerns_one_does_not_wait_until_everyone_has_heard_of_something_else() -> None:
    # given a hub that tells a thousand of a video, and has begun
    hub = make_hub(Limits(slice=16))
    sinks = [ListSink() for _ in range(1000)]
    for number, sink in enumerate(sinks[:-1]):
        await hub.join(sink, hello(f"v{number}"))
    own = sinks[-1]
    await hub.join(own, hello(VIEWER))
    hub.take(batch([received(published(1), 0)]))
    telling = asyncio.create_task(hub.flush())
    while not sinks[0].of("video"):  # noqa: ASYNC110  # a sink tells nobody
        await asyncio.sleep(0)
    # when others' videos and then one of the last one's own are published
    hub.take(batch([received(published(2), 1), received(published(3, viewer=VIEWER), 2), received(accepted(4), 3)]))
    while not own.of("accepted"):
        assert not telling.done()
        await asyncio.sleep(0)
    # then it has heard of them, after what came before, while many still wait for the first
    assert [frame["video_id"] for frame in own.of("video")] == [vid(1), vid(2), vid(3)]
    assert sum(not sink.of("video") for sink in sinks) > 500
    # and nobody hears anything twice, or not at all
    hub.take(batch([received(published(5), 4)]))
    await telling
    await hub.flush()
    for sink in (own, sinks[0], sinks[500], sinks[-2]):
        assert [frame["video_id"] for frame in sink.of("video")] == [vid(n) for n in (1, 2, 3, 5)]
    # nor who goes away in between and comes back
    back = ListSink()
    await hub.join(back, hello(VIEWER, resume=own.of("accepted")[0]["token"]))
    assert [frame["video_id"] for frame in back.of("video")] == [vid(5)]


async def test_one_who_was_told_early_and_then_stops_to_watch_hears_nothing_twice() -> None:
    # given one among others who is told early of a video that it watches, and of what came before
    hub, sinks = make_hub(Limits(slice=2)), [ListSink() for _ in range(9)]
    members = [await hub.join(sink, hello(f"v{number}")) for number, sink in enumerate(sinks)]
    hub.watch(members[4], vid(7))
    hub.take(batch([received(published(1), 0)]))
    telling = asyncio.create_task(hub.flush())
    await asyncio.sleep(0)
    hub.take(batch([received(published(2), 1), received(accepted(7, viewer=None), 2)]))
    while not sinks[4].of("accepted"):
        assert not telling.done()
        await asyncio.sleep(0)
    # when it watches no longer before the others are told
    hub.unwatch(members[4], vid(7))
    await telling
    await hub.flush()
    # then each has heard all once
    for sink in sinks:
        assert [frame["video_id"] for frame in sink.of("video")] == [vid(1), vid(2)]


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_comes_while_it_tells_everyone_hears_all_once_and_in_order(seed: int) -> None:
    draw, hub = random.Random(seed), make_hub(Limits(slice=2))
    sinks, expected = [ListSink() for _ in range(12)], []
    for number, sink in enumerate(sinks):
        await hub.join(sink, hello(f"v{number % 6}"))
    telling: asyncio.Task[None] | None = None
    for number in range(60):
        if draw.random() < 0.6:
            viewer = f"v{draw.randrange(6)}" if draw.random() < 0.5 else None
            expected.append(vid(number))
            hub.take(batch([received(published(number, viewer=viewer), len(expected) - 1)]))
        elif telling is None or telling.done():
            telling = asyncio.create_task(hub.beat() if draw.random() < 0.2 else hub.flush())
        await asyncio.sleep(0)
    if telling:
        await telling
    await hub.flush()
    for sink in sinks:
        assert [frame["video_id"] for frame in sink.of("video")] == expected
        # what a token stands for has been heard: who comes back with any of them misses nothing and hears nothing twice
        for place, frame in enumerate(frames := sink.of("video")):
            back = ListSink()
            member = await hub.join(back, hello(resume=frame["token"]))
            assert [one["video_id"] for one in back.of("video")] == [one["video_id"] for one in frames[place + 1 :]]
            hub.leave(member)
