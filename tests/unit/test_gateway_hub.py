"""The hub: who hears what, in which order, and nobody waiting for anybody."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from query_api.gateway.hub import Hub, TooManyError
from query_api.gateway.limits import Limits
from schemas.values import Origin
from tests.unit.gateway_kit import (
    OTHER,
    VIEWER,
    ListSink,
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
