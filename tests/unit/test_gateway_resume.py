"""The hub and those who come back: no gap, no duplicate, or one plain resync."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from query_api.gateway.hub import Hub
from query_api.gateway.limits import Limits
from query_api.gateway.tokens import Signer
from tests.unit.gateway_kit import (
    KEY,
    LIMITS,
    OTHER,
    ListSink,
    accepted,
    batch,
    hello,
    make_hub,
    published,
    received,
    vid,
)


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
