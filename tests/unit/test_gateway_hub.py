"""The hub: who hears what, in which order, and nobody waiting for anybody."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import REGISTRY

from query_api.gateway.hub import Hub, TooManyError
from query_api.gateway.limits import Limits
from schemas.values import Origin
from tests.unit.gateway_kit import (
    LIMITS,
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


async def test_what_is_made_ahead_is_told_to_its_owner_to_those_who_watch_it_and_to_those_who_are_short() -> None:
    # given a viewer for whom videos are made ahead, and others: one who is short, one who watches, one who does neither
    hub = make_hub()
    own, owner_in_lobby, short, watcher, other = sinks = [ListSink() for _ in range(5)]
    await hub.join(own, hello(VIEWER))
    await hub.join(owner_in_lobby, hello(VIEWER, lobby=True))
    await hub.join(short, hello(OTHER, lobby=True))
    await hub.join(watcher, hello(OTHER, videos=(vid(1),)))
    await hub.join(other, hello(OTHER))
    # when one is published among what is for everyone
    token = hub.token
    hub.take(batch([received(published(1, origin=Origin.PREFETCH, viewer=VIEWER), 0), received(published(2), 1)]))
    await hub.flush()
    # then the first is told to those alone whom it concerns, and nobody learns whose it is
    for sink, audience in zip(sinks, (["you"], ["you"], ["another"], ["another"], []), strict=True):
        assert [frame["audience"] for frame in sink.of("video")] == [*audience, "everyone"]
    assert VIEWER not in str(short.frames) + str(watcher.frames)
    # and the same holds for who comes back
    for who, audience in ((hello(OTHER, lobby=True, resume=token), ["another"]), (hello(OTHER, resume=token), [])):
        await hub.join(back := ListSink(), who)
        assert [frame["audience"] for frame in back.of("video")] == [*audience, "everyone"]
        assert back.frames[0]["replayed"] == len(audience) + 1


async def test_what_is_made_ahead_costs_those_nothing_whom_it_does_not_concern() -> None:
    hub, sinks = make_hub(), [ListSink() for _ in range(5)]
    members = [await hub.join(sink, hello(f"v{number}")) for number, sink in enumerate(sinks)]
    before = [len(sink.messages) for sink in sinks]
    hub.take(batch([received(published(1, origin=Origin.PREFETCH, viewer="v0"), 0)]))
    await hub.flush()
    assert [len(sink.messages) for sink in sinks] == [before[0] + 1, *before[1:]]
    # until they enter the lobby, and no longer than they are there
    for number, on in ((2, True), (3, False), (4, True)):
        hub.lobby(members[1], on)
        hub.take(batch([received(published(number, origin=Origin.PREFETCH, viewer="v0"), number - 1)]))
        await hub.flush()
    assert [frame["video_id"] for frame in sinks[1].of("video")] == [vid(2), vid(4)]
    assert not any(sink.of("video") for sink in sinks[2:])


async def test_who_hears_of_nothing_gets_beats_although_others_do(hub: Hub) -> None:
    # given one whom nothing concerns, and another for whom something is published all the time
    busy, idle = ListSink(), ListSink()
    await hub.join(busy, hello(VIEWER))
    await hub.join(idle, hello(OTHER))
    offset, end = 0, time.monotonic() + 30
    while len(idle.of("beat")) < 3 and time.monotonic() < end:
        hub.take(
            batch([received(published(offset, origin=Origin.PREFETCH, viewer=VIEWER), offset)], {0: offset + 1, 1: 0})
        )
        offset += 1
        await asyncio.sleep(LIMITS.beat_s / 4)
    # then it is told that the gateway lives, and how far it is: its token stays young
    assert len(idle.of("beat")) >= 3 and not idle.of("video") and len(busy.of("video")) > 3
    tokens = [frame["token"] for frame in idle.of("beat") if "token" in frame]
    assert tokens and len(set(tokens)) == len(tokens)


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


async def test_between_two_ticks_the_first_of_what_concerns_one_is_told_at_once_and_the_rest_together() -> None:
    # given a hub whose tick never ends, and which has just told everyone something
    hub = make_hub(Limits(tick_s=600))
    running = asyncio.create_task(hub.run())
    one, other = ListSink(), ListSink()
    await hub.join(one, hello(VIEWER))
    await hub.join(other, hello(OTHER))
    hub.take(batch([received(published(1), 0)]))
    await _until(lambda: len(one.of("video")) == len(other.of("video")) == 1)
    # when videos come for one, for everyone, for the same one again, and for the other
    for number, viewer in ((2, VIEWER), (3, None), (4, VIEWER), (5, OTHER)):
        hub.take(batch([received(published(number, viewer=viewer), number - 1)]))
        await _until(lambda: not hub._work.is_set())
    # then each has heard the first of its own, after all that came before, and the one not what followed
    await _until(lambda: bool(other.of("video")[1:]))
    assert [frame["video_id"] for frame in one.of("video")] == [vid(1), vid(2)]
    assert [frame["video_id"] for frame in other.of("video")] == [vid(number) for number in (1, 2, 3, 4, 5)]
    # and when the tick ends, all have heard all, once
    await hub.flush()
    for sink in (one, other):
        assert [frame["video_id"] for frame in sink.of("video")] == [vid(number) for number in (1, 2, 3, 4, 5)]
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110  # a sink tells nobody
            await asyncio.sleep(0.001)


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
    # given viewers with two clients each: of the first four clients who are short, of the next four who come and go
    draw, hub = random.Random(seed), make_hub(Limits(slice=2))
    sinks, made, heard = [ListSink() for _ in range(12)], [], [set[str]() for _ in range(12)]
    members = [
        await hub.join(sink, hello(f"v{number % 6}", lobby=number < 4)) for number, sink in enumerate(sinks)
    ]  # fmt: skip
    telling: asyncio.Task[None] | None = None
    # when videos are published, for somebody or everyone, and told at any moment
    for number in range(60):
        if draw.random() < 0.6:
            viewer = f"v{draw.randrange(6)}" if draw.random() < 0.5 else None
            origin = Origin.PREFETCH if viewer and draw.random() < 0.5 else Origin.PERSON
            hub.take(batch([received(published(number, viewer=viewer, origin=origin), len(made))]))
            made.append(vid(number))
            for member, owed in zip(members, heard, strict=True):
                if origin is not Origin.PREFETCH or viewer == member.viewer_id or members.index(member) < 4:
                    owed.add(vid(number))
        elif telling is None or telling.done():
            telling = asyncio.create_task(hub.beat() if draw.random() < 0.2 else hub.flush())
        hub.lobby(members[draw.randrange(4, 8)], draw.random() < 0.5)
        if draw.random() < 0.3:
            hub._hurry(waiting=hub._told)  # as between two ticks
        await asyncio.sleep(0)
    if telling:
        await telling
    await hub.flush()
    # then everyone hears what they are owed once and in order; who is in the lobby now and then hears more
    for number, (sink, owed) in enumerate(zip(sinks, heard, strict=True)):
        told = [frame["video_id"] for frame in sink.of("video")]
        assert told == [video for video in made if video in set(told)]
        assert owed <= set(told) if 4 <= number < 8 else owed == set(told)
        # what a token stands for has been heard: who comes back with any of them misses nothing and hears nothing twice
        for place, frame in enumerate(sink.of("video")):
            member = await hub.join(
                back := ListSink(), hello(f"v{number % 6}", lobby=number < 4, resume=frame["token"])
            )
            assert [one["video_id"] for one in back.of("video")] == [one for one in told[place + 1 :] if one in owed]
            hub.leave(member)
