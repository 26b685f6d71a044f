"""Time travel on a real log, lineage in a real store."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from infra.errors import BadInputError, NotFoundError
from infra.kafka.admin import apply_topics
from infra.kafka.partitions import partition_of_key
from infra.kafka.producer import EventProducer
from infra.kafka.stretch import Stretch
from infra.settings import Settings
from infra.stack import Stack
from query_api.lineage.graph import Direction
from query_api.lineage.trace import trace
from query_api.past import commands as past
from query_api.past import key as past_key
from query_api.readmodel.cassandra import CassandraReader, CassandraWriter, reading, writing
from query_api.readmodel.model import ReadModel
from schemas import ids
from schemas.base import now_us
from tests.integration.cassandra_kit import keyspace
from tests.unit import test_lineage as lineage
from tests.unit.read_kit import apply, life


@pytest.fixture
def producer(stack: Stack) -> Iterator[EventProducer]:
    apply_topics(stack.kafka)
    producer = EventProducer(stack.kafka, "test")
    yield producer
    producer.close()


def ask(stack: Stack, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    """What `swipestream state … --json` prints; the error that it raises otherwise."""
    monkeypatch.setattr(past, "config", lambda: Settings(kafka=stack.kafka, cassandra="127.0.0.1:1"))
    app = typer.Typer()
    past.register(app)
    done = CliRunner().invoke(app, [*words, "--json"])
    if done.exception:
        raise done.exception
    return json.loads(done.stdout)


def test_a_video_as_it_was_from_its_own_partition_alone(
    stack: Stack, producer: EventProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a video whose life took a while, and others beside it
    video, start = ids.video_id(uuid.uuid4().hex), now_us() - 60_000_000
    events = life(video, start)
    producer.publish_all((event, None) for event in [*events, *life(ids.video_id(uuid.uuid4().hex), start)])
    seen: list[tuple[str, int]] = []
    read = Stretch.read

    def watched(self: Stretch, ranges: Any) -> Any:
        seen.extend(ranges)
        return read(self, ranges)

    monkeypatch.setattr(past_key.Stretch, "read", watched)
    # then it is what it was after each of its events
    now = ask(stack, monkeypatch, video)
    assert now["status"] == "published" and now["events"] == len(events)
    third = ask(stack, monkeypatch, video, "--offset", past_of(stack, video, events[2].id))
    assert third["status"] == "scripted" and third["as_of"]["event_id"] == events[2].id
    assert third["script"]["title"] == "Cats" and "card" not in third
    # and nothing but its own partitions was read
    assert set(seen) == {(topic, partition_of_key(video.encode(), 4)) for topic in ("video-events", "prompts")}
    # before it there was nothing, and of another nobody knows
    with pytest.raises(NotFoundError, match="nothing of"):
        ask(stack, monkeypatch, video, "--at", "1d")
    with pytest.raises(NotFoundError, match="no video and no viewer"):
        ask(stack, monkeypatch, ids.video_id(uuid.uuid4().hex))
    with pytest.raises(BadInputError, match="does not tell of it"):
        ask(stack, monkeypatch, video, "--offset", "swipes/0/1")


def past_of(stack: Stack, video: str, event_id: str) -> str:
    """Where an event stands in the log."""
    found = past_key.records(stack.kafka, ("video-events",), video)
    (one,) = [record for record in found if record.envelope.id == event_id]
    return f"{one.topic}/{one.partition}/{one.offset}"


async def test_the_indexes_and_the_chain_of_a_real_store(stack: Stack) -> None:
    with keyspace(stack) as settings:
        sessions = [reading(settings), writing(settings)]
        for session in sessions:
            session.wait(20)
        events = lineage.chain()
        apply(CassandraWriter(sessions[1]), list(events.values()))
        read = ReadModel(CassandraReader(sessions[0]))
        for wanted in (
            lineage.MADE,
            events["swipe"].id,
            events["prompt"].id,
            events["served"].id,
            events["skipped"].id,
        ):
            # given the same events in memory
            expected = await trace(lineage.store(list(events.values())), wanted)
            # then the real store tells the same
            assert await trace(read, wanted) == expected
        up = await trace(read, lineage.MADE, Direction.UP)
        assert up.nodes[0].id == events["swipe"].id
        for session in sessions:
            session.close()
