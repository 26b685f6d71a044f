"""Time travel: the fold of a part of the log is the state that was there at that point."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

import pytest
from confluent_kafka import Message as Sent
from confluent_kafka import Producer
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.contracts.errors import BadMomentError
from infra.errors import BadInputError
from infra.kafka.partitions import partition_of_key
from infra.kafka.records import Raw, Received
from query_api.past.cut import Cut, cut
from query_api.past.fold import fold, video, viewer
from query_api.projections.project import Place, project
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel
from query_api.states import VideoState, state
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, caused_by, root
from schemas.feeds import FeedServed, Impression, InterestChanged
from schemas.swipes import Action, SwipeRecorded
from tests.unit.read_kit import life

VIDEO = ids.video_id("past")
NOW = now_us() - 3_600_000_000
MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def received(event: Envelope[Message], offset: int) -> Received:
    raw = Raw(
        topic=event.data.FAMILY, partition=1, offset=offset, timestamp_ms=event.data.ts_us // 1000,  # type: ignore[attr-defined]
        key=event.data.key.encode(), value=b"v", headers=(),
    )  # fmt: skip
    return Received(raw=raw, envelope=event)


def log(ending: str = "published", scenes: int = 2) -> list[Received]:
    """The log of one video; each topic counts its own offsets, with others' records between."""
    events = life(VIDEO, NOW, scenes, ending)
    return [received(event, 10 + 3 * number) for number, event in enumerate(events)]


def live(records: list[Received]) -> VideoState | None:
    """What the live tables said after these records."""
    store = MemoryStore()
    for record in records:
        store.write(project(record.envelope, Place(record.topic, record.partition, record.offset)))

    async def read() -> VideoState | None:
        model = ReadModel(store)
        return state(await model.revisions(VIDEO), await model.scenes(VIDEO))

    return asyncio.run(read())


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["published", "failed", "withdrawn"]), st.integers(1, 3), st.integers(1, 30), st.integers(0, 99))
def test_the_past_at_an_offset_is_what_was_live_then(ending: str, scenes: int, at: int, seed: int) -> None:
    records = log(ending, scenes)
    first, *rest = records
    taken = rest[: min(at, len(rest))]
    # when the log is cut behind one of its records, in whatever order its topics were read
    mixed = records[:]
    random.Random(seed).shuffle(mixed)
    then = video(fold(mixed, Cut(topic="video-events", offset=taken[-1].offset)), VIDEO)
    # then the video is as it was when that record was the last
    assert then is not None and then.state == live([first, *taken])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 12), st.integers(0, 99))
def test_the_past_at_a_time_is_what_was_live_then(at: int, seed: int) -> None:
    records = log()
    mixed = records * 2
    random.Random(seed).shuffle(mixed)
    then = video(fold(mixed, Cut(until_us=NOW + at)), VIDEO)
    until = [record for record in records if record.envelope.data.ts_us <= NOW + at]  # type: ignore[attr-defined]
    assert then is not None and then.state == live(until)


def test_before_its_first_event_there_is_nothing() -> None:
    folded = fold(log(), Cut(until_us=NOW - 1))
    assert folded.count == 0 and video(folded, VIDEO) is None


def test_the_script_is_the_one_that_was_there() -> None:
    early, late = (video(fold(log(), Cut(until_us=NOW + after)), VIDEO) for after in (1, 2))
    assert early and early.script is None and early.state.status.value == "accepted"
    assert late and late.script and late.script["title"] == "Cats" and late.state.status.value == "scripted"
    assert late.as_json()["script"]["scenes"][0]["narration"] == "Cats purr."


def swipes(now: int) -> list[Received]:
    served = root(
        FeedServed(
            viewer_id="anna", ts_us=now, policy="p", items=(Impression(video_id=VIDEO, position=0, reason="fresh"),)
        ),
        source="/t",
    )
    swipe = root(
        SwipeRecorded(viewer_id="anna", video_id=VIDEO, action=Action.LIKED, subject="cats", ts_us=now + 5), source="/t"
    )
    liked = caused_by(
        swipe, InterestChanged(viewer_id="anna", ts_us=now + 6, interests={"cats": 1.0}), source="/t", step="i"
    )
    return [received(served, 0), received(swipe, 0), received(liked, 1)]


def test_a_viewer_as_they_were_before_and_after_a_swipe() -> None:
    before = viewer(fold(swipes(NOW), Cut(until_us=NOW + 4)), "anna")
    after = viewer(fold(swipes(NOW), Cut(until_us=NOW + 6)), "anna")
    assert before and (before.interests, [row["action"] for row in before.seen]) == ({}, [None])
    assert after and (after.interests, [row["action"] for row in after.seen]) == ({"cats": 1.0}, ["liked"])
    assert viewer(fold(swipes(NOW), Cut(until_us=NOW - 1)), "anna") is None


def test_what_has_left_the_tables_since_is_there_again() -> None:
    # given impressions of a year ago, which no table holds today
    year = NOW - 365 * 86_400 * 1_000_000
    assert viewer(fold(swipes(year), Cut()), "anna").seen == []  # type: ignore[union-attr]
    # when one goes back to that day, then they are there
    then = viewer(fold(swipes(year), Cut(until_us=year + 10)), "anna")
    assert then and len(then.seen) == 1


def test_a_cut_is_a_time_an_offset_or_a_record() -> None:
    assert cut(None, None, "swipes", MOMENT) == Cut()
    assert cut("10m ago", None, "swipes", MOMENT) == cut("2026-11-21T11:50:00Z", None, "swipes", MOMENT)
    assert cut("2026-11-21T11:50:00.000007Z", None, "s", MOMENT).until_us % 10 == 7
    assert cut(None, "7", "swipes", MOMENT) == Cut(topic="swipes", offset=7)
    assert cut(None, "prompts/3/0000000041", "swipes", MOMENT) == Cut(topic="prompts", partition=3, offset=41)


@pytest.mark.parametrize(("at", "offset", "error"), [
    ("1h", "7", BadInputError), (None, "x", BadInputError), (None, "a/b/c", BadInputError), (None, "-1", BadInputError),
    ("yesterday", None, BadMomentError),
])  # fmt: skip
def test_what_is_no_point_in_the_log_is_refused(at: str | None, offset: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        cut(at, offset, "swipes", MOMENT)


def test_a_key_is_where_the_client_library_puts_it() -> None:
    # librdkafka's own mock broker, so that this needs no other
    producer = Producer({"bootstrap.servers": "unused:1", "test.mock.num.brokers": 1, "log_level": 0})
    found: dict[str, int] = {}
    for key in ("anna", "bob", VIDEO, "ü"):
        producer.produce(
            "t", b"v", key.encode(), on_delivery=lambda _, done: found.update({done.key().decode(): done.partition()})
        )
    producer.flush(10)
    count = len(producer.list_topics("t", timeout=5).topics["t"].partitions)
    assert found == {key: partition_of_key(key.encode(), count) for key in ("anna", "bob", VIDEO, "ü")} and count > 1


def text(message: Sent) -> str:
    key = message.key()
    return key.decode() if isinstance(key, bytes) else str(key)
