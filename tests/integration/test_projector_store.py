"""One suite for both stores: what holds in memory holds in Cassandra."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol

import pytest

from infra.cassandra.cluster import cluster
from infra.cassandra.migrate import apply_tables
from infra.cassandra.session import Session
from infra.errors import UnavailableError
from infra.settings import Settings
from infra.stack import Stack
from query_api.projections.project import Place, project
from query_api.readmodel import tables
from query_api.readmodel.cassandra import CassandraReader, CassandraWriter, reading, writing
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel, Seen
from query_api.readmodel.store import Reader, Writer
from query_api.readmodel.tables import KEYS, WEEK_US, Write, week_of
from query_api.states import Status, state
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.feeds import FeedServed, Impression, InterestChanged
from schemas.swipes import Action, SwipeRecorded
from schemas.videos import RevisionDropped, Stage, WorkStopped
from tests.integration.cassandra_kit import Gate, keyspace
from tests.unit.read_kit import COST, apply, life, published


class Store(Reader, Writer, Protocol):
    """Both sides of a store."""


class CassandraStore:
    def __init__(self, settings: Settings) -> None:
        self.sessions = [reading(settings), writing(settings)]
        for session in self.sessions:
            session.wait(20)
        self.fetch = CassandraReader(self.sessions[0]).fetch
        self.write = CassandraWriter(self.sessions[1]).write


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Iterator[Settings]:
    with keyspace(stack) as settings:
        yield settings


@pytest.fixture(scope="module")
def cassandra(settings: Settings) -> Iterator[CassandraStore]:
    store = CassandraStore(settings)
    yield store
    for session in store.sessions:
        session.close()


@pytest.fixture(params=["memory", "cassandra"])
def store(request: pytest.FixtureRequest) -> Store:
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("cassandra")  # type: ignore[no-any-return]


def video(name: str) -> str:
    """A video that no other test and no other run has."""
    return ids.video_id(f"{name}-{time.monotonic_ns()}")


def viewer() -> str:
    return f"v{time.monotonic_ns()}"


async def test_a_life_is_read_back(store: Store) -> None:
    one = video("life")
    events = life(one, now_us())
    apply(store, events)
    read = ReadModel(store)
    found = state(await read.revisions(one), await read.scenes(one))
    assert found is not None and found.status == Status.PUBLISHED and len(found.scenes) == 2
    assert [row["event_id"] for row in await read.events(one)] == [event.id for event in events]


async def test_what_was_dropped_and_thrown_away_is_read_back(store: Store) -> None:
    one, start = video("dropped"), now_us()
    drop = RevisionDropped(video_id=one, ts_us=start + 90, by="revisions", why="there is another", overtaken_by=2)
    stop = WorkStopped(
        video_id=one, ts_us=start + 91, stage=Stage.SCENE, scene_number=2, fraction=0.25, why="dropped", cost=COST
    )
    joining = WorkStopped(video_id=one, ts_us=start + 92, stage=Stage.ASSEMBLY, fraction=0.5, why="dropped", cost=COST)
    script = life(one, start)[2]
    later = replace(script, id=ids.fresh(), data=script.data.model_copy(update={"revision": 2, "ts_us": start + 80}))
    told = [root(data, source="/test") for data in (drop, stop, joining)]
    apply(store, [*life(one, start, end="none")[:5], *told])
    read = ReadModel(store)
    # then what the first revision took is paid; the video goes on with what took its place, unknown as yet
    (row,), scenes = await read.revisions(one), await read.scenes(one)
    assert (row["dropped_by"], row["drop_reason"], row["overtaken_by"]) == ("revisions", "there is another", 2)
    found = state([row], scenes)
    assert found is not None and found.status == Status.RENDERING
    assert (found.scenes[1].stopped_fraction, found.cost.amount) == (0.25, 5 * COST.amount)
    # and what took its place is shown once it is known
    apply(store, [later])
    found = state(await read.revisions(one), scenes)
    assert found is not None and (found.revision, found.status) == (2, Status.SCRIPTED)


async def test_shuffled_and_repeated_histories_end_in_the_same_rows(store: Store) -> None:
    read = ReadModel(store)
    one, start = video("serial"), now_us()
    places = (Place("t", 0, offset) for offset in range(100))
    serial = [write for event in life(one, start, 3, "withdrawn") for write in project(event, next(places))]
    store.write(serial)
    for seed in range(5):
        # given the same history under another key, shuffled, each record three times, in several calls
        other = video(f"mixed-{seed}")
        mixed = [Write(w.table, {**w.cells, "video_id": other}, w.stamp) for w in serial * 3]
        random.Random(seed).shuffle(mixed)
        for begin in range(0, len(mixed), 7):
            store.write(mixed[begin : begin + 7])
        # then the rows are the same
        for query in (read.revisions, read.scenes, read.events):
            assert [{**row, "video_id": one} for row in await query(other)] == list(await query(one))


async def test_an_older_write_changes_nothing_and_a_newer_one_only_its_own_cells(store: Store) -> None:
    one = video("cells")
    store.write([Write("videos", {"video_id": one, "revision": 1, "title": "new", "prompt": "p"}, 100)])
    store.write([Write("videos", {"video_id": one, "revision": 1, "title": "old"}, 50)])
    store.write([Write("videos", {"video_id": one, "revision": 1, "subject": "s"}, 200)])
    (row,) = await ReadModel(store).revisions(one)
    assert (row["title"], row["prompt"], row["subject"]) == ("new", "p", "s")


async def test_of_two_writes_with_one_timestamp_the_greater_value_stays(store: Store) -> None:
    one = video("tie")
    for prompt in ("b", "c", "a"):
        store.write([Write("videos", {"video_id": one, "revision": 1, "prompt": prompt}, 7)])
    (row,) = await ReadModel(store).revisions(one)
    assert row["prompt"] == "c"


async def test_feeds_come_newest_first_and_in_pieces(store: Store) -> None:
    who, start = viewer(), now_us()
    videos = [video(f"feed-{number}") for number in range(5)]
    apply(store, [published(one, start + number, viewer_id=who) for number, one in enumerate(videos)])
    read, week = ReadModel(store), week_of(start)
    assert [entry.video_id for entry in await read.made_for(who, week)] == videos[::-1]
    assert [entry.video_id for entry in await read.made_for(who, week, most=2)] == videos[:2:-1]
    newer = await read.published(week, after_us=start + 2)
    assert [entry.video_id for entry in newer if entry.video_id in videos] == videos[:2:-1]
    assert await read.made_for(who, week - 1) == []


async def test_what_a_viewer_saw_and_likes_is_read_back(store: Store) -> None:
    who, now = viewer(), now_us()
    one, other = video("seen"), video("swiped")
    items = (Impression(video_id=one, position=0, reason="fresh"),)
    events = [
        FeedServed(viewer_id=who, ts_us=now, items=items, policy="p"),
        SwipeRecorded(viewer_id=who, video_id=other, action=Action.LIKED, ts_us=now + 1),
        InterestChanged(viewer_id=who, ts_us=now + 2, interests={"cats": 1.5}),
    ]
    apply(store, [root(event, source="/test") for event in events])
    read = ReadModel(store)
    assert await read.seen(who, week_of(now)) == {one: Seen(served_us=now), other: Seen(swiped_us=now + 1)}
    assert await read.interests(who) == {"cats": 1.5}
    assert await read.interests(viewer()) == {}


async def test_rows_end_when_their_time_is_over(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a row that has five seconds left, and one whose time is over
    monkeypatch.setitem(tables.RETENTION_S, "viewer_seen", 15)
    who, now = viewer(), now_us()
    week = week_of(now)
    for name, age_s in (("leaving", 10), ("gone", 16)):
        cells = {"viewer_id": who, "week": week, "video_id": name, "served_us": 1}
        store.write([Write("viewer_seen", cells, now - age_s * 1_000_000)])
    assert set(await ReadModel(store).seen(who, week)) == {"leaving"}
    # then it leaves, although it is written once more
    cells = {"viewer_id": who, "week": week, "video_id": "leaving", "served_us": 1}
    store.write([Write("viewer_seen", cells, now - 10_000_000)])
    await asyncio.sleep(6.1)
    assert await ReadModel(store).seen(who, week) == {}


async def test_many_rows_are_all_read(store: Store) -> None:
    who, now = viewer(), now_us()
    week = week_of(now)
    rows = [{"viewer_id": who, "week": week, "video_id": f"{n:05}", "served_us": now} for n in range(6_000)]
    store.write([Write("viewer_seen", row, now) for row in rows])  # more than one page
    assert len(await ReadModel(store).seen(who, week)) == 6_000


@pytest.mark.parametrize("cells", [{"revision": 2**40}, {"revision": "one"}, {"revision": 1, "submitted_us": 2**70}])
def test_what_a_table_cannot_hold_is_an_error_of_the_record(cassandra: CassandraStore, cells: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="videos cannot hold"):
        cassandra.write([Write("videos", {"video_id": "x", **cells}, 1)])


def test_a_large_payload_is_written_alone(cassandra: CassandraStore) -> None:
    one = video("large")
    cells = {"video_id": one, "ts_us": 1, "event_id": "e", "payload": "x" * 900_000}
    cassandra.write([Write("video_events", cells, 1), Write("video_events", {**cells, "ts_us": 2}, 2)])


def test_applying_the_tables_again_changes_nothing(settings: Settings) -> None:
    assert apply_tables(settings) == []


def test_a_table_of_an_earlier_version_gets_the_columns_that_it_lacks(stack: Stack) -> None:
    with keyspace(stack) as settings:
        own = cluster(settings, request_s=20)
        session = own.connect(settings.keyspace)
        session.execute("INSERT INTO videos (video_id, revision, title) VALUES ('v', 1, 't') USING TIMESTAMP 1")
        session.execute("ALTER TABLE videos DROP writer")
        session.execute("DROP INDEX viewer_seen_swipe")
        session.execute("ALTER TABLE viewer_seen DROP swipe_id")
        # when
        apply_tables(settings)
        # then the columns and the index are there, and so is the row
        assert session.execute("SELECT title, writer FROM videos").one() == {"title": "t", "writer": None}
        assert not list(session.execute("SELECT * FROM viewer_seen WHERE swipe_id = 's'"))
        own.shutdown()


def test_the_tables_have_the_keys_that_projections_believe(settings: Settings) -> None:
    own = cluster(settings, request_s=20)
    own.connect()
    made = own.metadata.keyspaces[settings.keyspace].tables
    for name, (partition, clustering) in KEYS.items():
        assert tuple(column.name for column in made[name].partition_key) == partition
        assert tuple(column.name for column in made[name].clustering_key) == clustering
    own.shutdown()


def test_without_tables_a_session_waits_and_goes_on_once_they_are_there(stack: Stack) -> None:
    settings = Settings(cassandra=stack.cassandra, keyspace="not_there_yet")
    session = Session(settings, {"one": "SELECT * FROM {keyspace}.videos WHERE video_id = :v"})
    with pytest.raises(UnavailableError):
        session.wait(1.5)
    with keyspace(stack) as real:
        session._settings = real
        session.wait(15)
    session.close()


async def test_a_session_goes_on_after_an_outage(settings: Settings, stack: Stack) -> None:
    with Gate(stack.cassandra) as gate:
        store = CassandraStore(settings.model_copy(update={"cassandra": gate.address}))
        read = ReadModel(store)
        await read.revisions("x")
        # when the node goes away
        gate.shut()
        for _ in range(3):
            started = time.monotonic()
            with pytest.raises(UnavailableError):
                await read.revisions("x")
            assert time.monotonic() - started < 1.2
        with pytest.raises(UnavailableError):
            store.write([Write("videos", {"video_id": "x", "revision": 1}, 1)])
        # and comes back
        gate.open()
        await eventually(lambda: read.revisions("x"), 15)
        await eventually(
            lambda: asyncio.to_thread(store.write, [Write("videos", {"video_id": "x", "revision": 1}, 1)]), 15
        )
        for session in store.sessions:
            session.close()


async def eventually(attempt: Any, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            return await attempt()
        except UnavailableError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


def test_weeks_are_whole() -> None:
    assert week_of(WEEK_US - 1) == 0 and week_of(WEEK_US) == 1
