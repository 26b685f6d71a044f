"""The promise of every projection: any order, any repetition, the same rows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_api.projections.project import Place, project
from query_api.readmodel.latest import latest
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.tables import DAY_S, KEYS, Write
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, root
from schemas.feeds import FeedServed, Impression, InterestChanged
from schemas.swipes import Action, SwipeRecorded
from tests.unit.read_kit import life

#: Recent, so that nothing is past its retention.
NOW = now_us() - 21 * DAY_S * 1_000_000
VIDEOS = [ids.video_id(f"fold-{number}") for number in range(3)]
VIEWERS = ("anna", "bob")


def viewer_event(viewer: str, ts_us: int, kind: int, video: str) -> Envelope[Message]:
    events: list[Message] = [
        SwipeRecorded(viewer_id=viewer, video_id=video, action=list(Action)[ts_us % len(Action)], ts_us=ts_us),
        FeedServed(
            viewer_id=viewer, ts_us=ts_us, policy="p", items=(Impression(video_id=video, position=0, reason="fresh"),)
        ),
        InterestChanged(viewer_id=viewer, ts_us=ts_us, interests={"cats": ts_us % 7, "dogs": 1.0}),
    ]
    return root(events[kind], source="/test", event_id=ids.derive(f"{viewer}-{ts_us}", "event"))


@st.composite
def histories(draw: st.DrawFn) -> list[Write]:
    """The writes of a history, each record at its own place; timestamps are unique within each aggregate."""
    events: list[Envelope[Message]] = []
    for video in VIDEOS:
        end = draw(st.sampled_from(["published", "failed", "withdrawn", "none"]))
        events += life(video, NOW + draw(st.integers(0, 10**12)), draw(st.integers(1, 3)), end)
    for step in range(draw(st.integers(0, 12))):
        # Across the end of a week now and then.
        ts_us = NOW + step * draw(st.sampled_from([1, 200_000_000_000]))
        who, kind = draw(st.sampled_from(VIEWERS)), draw(st.integers(0, 2))
        events.append(viewer_event(who, ts_us + step, kind, draw(st.sampled_from(VIDEOS))))
    places = [Place(event.data.FAMILY, 0, offset) for offset, event in enumerate(events)]
    return [write for event, place in zip(events, places, strict=True) for write in project(event, place)]


def rows(writes: list[Write]) -> dict[str, list[dict[str, object]]]:
    store = MemoryStore()
    store.write(writes)
    return {table: sorted(store.rows(table), key=str) for table in KEYS}


@settings(max_examples=60, deadline=None)
@given(writes=histories(), seed=st.integers(0, 2**32))
def test_a_shuffled_and_repeated_history_ends_in_the_rows_of_the_serial_one(writes: list[Write], seed: int) -> None:
    serial = rows(writes)
    chance = random.Random(seed)
    mixed = [write for write in writes for _ in range(chance.choice([1, 1, 2, 3]))]
    chance.shuffle(mixed)
    assert rows(mixed) == serial


def test_a_second_copy_of_an_event_elsewhere_in_the_log_changes_only_where_it_was_found() -> None:
    events = life(VIDEOS[0], NOW)
    first = [write for offset, event in enumerate(events) for write in project(event, Place("t", 0, offset))]
    again = [write for offset, event in enumerate(events) for write in project(event, Place("t", 0, offset + 1000))]
    once, twice, backwards = rows(first), rows(first + again), rows(again + first)
    assert twice == backwards
    for row in (told for found in (once, twice) for table in ("video_events", "lineage") for told in found[table]):
        row["record"] = None
    assert once == twice


@settings(max_examples=60, deadline=None)
@given(writes=histories(), seed=st.integers(0, 2**32))
def test_the_latest_writes_alone_end_in_the_same_rows(writes: list[Write], seed: int) -> None:
    mixed = writes * 2
    random.Random(seed).shuffle(mixed)
    assert rows(latest(mixed)) == rows(writes)


def test_what_a_newer_write_replaces_is_not_written() -> None:
    key = {"viewer_id": "anna", "week": 1, "video_id": VIDEOS[0]}
    served = Write("viewer_seen", {**key, "served_us": 1, "reason": "fresh"}, 1)
    watched = Write("viewer_seen", {**key, "swiped_us": 2, "action": "watched", "watched_ms": 9}, 2)
    liked = Write("viewer_seen", {**key, "swiped_us": 3, "action": "liked", "liked": True}, 3)
    left = latest([served, liked, watched, served])
    assert left == [liked, Write("viewer_seen", {**key, "watched_ms": 9}, 2), served]
    assert latest([Write("viewer_seen", {**key, "swiped_us": 2, "action": "skipped"}, 2), liked]) == [liked]


@pytest.mark.parametrize("erased_us", [1, 2, 3])
def test_what_erases_a_partition_goes_with_the_writes_that_it_may_take_away(erased_us: int) -> None:
    key = {"viewer_id": "anna", "week": 1, "video_id": VIDEOS[0]}
    swipes = [Write("viewer_seen", {**key, "swiped_us": at, "action": "liked"}, NOW + at) for at in (1, 3, 2)]
    erase = Write("viewer_seen", {"viewer_id": "anna", "week": 1}, NOW + erased_us, erase=True)
    left = latest([swipes[0], erase, *swipes[1:]])
    assert left == [erase, swipes[1]]
    assert rows(left) == rows([*swipes, erase])


def test_of_two_writes_with_one_stamp_both_are_left_to_the_store() -> None:
    one, other = (Write("videos", {"video_id": VIDEOS[0], "revision": 1, "title": title}, 5) for title in "ab")
    assert latest([one, other, one]) == [one, other]


@given(writes=histories())
@settings(max_examples=20, deadline=None)
def test_no_two_writes_of_one_timestamp_meet_in_a_cell(writes: list[Write]) -> None:
    """Cassandra would keep the greater value of each cell, and so tear the row."""
    cells: set[tuple[object, ...]] = set()
    for write in writes:
        for column in set(write.cells) - {name for part in KEYS[write.table] for name in part}:
            cell = (write.table, write.key, column, write.stamp)
            assert cell not in cells
            cells.add(cell)
