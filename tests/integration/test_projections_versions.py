"""Versions of the read model on a real log and a real store: built beside the live one, switched to under load."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from infra.cassandra.cluster import cluster
from infra.cassandra.session import Session
from infra.cassandra.versions import keyspace_of, of_version
from infra.errors import BadInputError, NotFoundError, UnavailableError
from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from infra.stack import Stack
from query_api.projections import operations
from query_api.projections.differences import Difference
from query_api.projections.filling import Progress
from query_api.projections.operations import Comparison, Operator
from query_api.projections.positions import NAME
from query_api.projections.projector import ProjectorService
from query_api.projections.rewind import commit
from query_api.projections.verifying import Verdict
from query_api.projections.versions import Status as VersionStatus
from query_api.readmodel.cassandra import CassandraReader, reading
from query_api.readmodel.model import ReadModel
from query_api.states import Status, state
from schemas import ids
from schemas.base import now_us
from schemas.topics import dead_topic
from tests.integration.cassandra_kit import begin_at, keyspace, positions_now
from tests.integration.gateway_broker import broker
from tests.unit.read_kit import life

pytestmark = pytest.mark.timeout(600)
MIRA = Operator(by="mira", why="a test")
NEVER = threading.Event()


def rebuild(settings: Settings) -> int:
    number = operations.begin(settings, MIRA, None)
    assert operations.fill(settings, number, MIRA, NEVER, lambda _: None)
    return number


def promote(settings: Settings, number: int | None = None) -> int:
    return operations.promote(settings, number, MIRA, NEVER, lambda _: None)


def rollback(settings: Settings) -> int:
    return operations.rollback(settings, None, MIRA, NEVER, lambda _: None, at_once=False)


def status(settings: Settings) -> dict[int, VersionStatus]:
    return {one.version.number: one.version.status for one in operations.listed(settings)}


@pytest.fixture(scope="module")
def stack(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With a log of its own: a version is filled from the beginning of the log, and the other tests' is long."""
    with broker(tmp_path_factory.mktemp("broker")) as running:
        apply_topics(running.address)
        yield Stack(running.address, stack.cassandra)


@pytest.fixture
def settings(stack: Stack) -> Iterator[Settings]:
    """A keyspace of its own, whose first version begins now; later versions go with it."""
    with keyspace(stack) as settings:
        begin_at(settings, NAME, positions_now(settings))
        yield settings
        own = cluster(settings, request_s=20)
        session = own.connect()
        for name in [name for name in own.metadata.keyspaces if name.startswith(f"{settings.keyspace}_v")]:
            session.execute(f"DROP KEYSPACE {name}")
        own.shutdown()


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    """What reads whichever version is live."""
    session = reading(settings)
    session.wait(20)
    yield session
    session.close()


@pytest.fixture
def producer(stack: Stack) -> Iterator[EventProducer]:
    producer = EventProducer(stack.kafka, "test")
    yield producer
    producer.close()


def send(producer: EventProducer, *videos: str) -> None:
    producer.publish_all((event, None) for video in videos for event in life(video, now_us()))


def indexes(settings: Settings, number: int) -> set[str]:
    own = cluster(settings, request_s=20)
    own.connect()
    found = set(own.metadata.keyspaces[keyspace_of(settings.keyspace, number)].indexes)
    own.shutdown()
    return found


async def test_indexes_are_made_of_full_tables_and_answer(
    settings: Settings, session: Session, producer: EventProducer
) -> None:
    # given a version that is not full yet
    one = ids.derive(settings.keyspace, "indexed")
    send(producer, one)
    number = operations.begin(settings, MIRA, None)
    assert indexes(settings, number) == set()
    # when
    assert operations.fill(settings, number, MIRA, NEVER, lambda _: None)
    # then it has the indexes of the live one, and what was written before they were is found through them
    assert indexes(settings, number) == indexes(settings, 1) != set()
    promote(settings, number)
    await followed(session, keyspace_of(settings.keyspace, number))
    assert [row["video_id"] for row in await patiently(session, "fact", {"event_id": ids.derive(one, "prompt")})] == [
        one
    ]


async def followed(session: Session, wanted: str) -> None:
    deadline = time.monotonic() + 30
    while session.keyspace != wanted:
        assert time.monotonic() < deadline, session.keyspace
        await asyncio.sleep(0.05)


async def patiently(session: Session, name: str, values: dict[str, Any]) -> Any:
    """Asked again: a session for readers gives up early, and this machine may be busy."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return await session.fetch(name, values)
        except UnavailableError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def found(read: ReadModel, video: str) -> Status | None:
    told = state(await read.revisions(video), await read.scenes(video))
    return told.status if told else None


async def reached(read: ReadModel, video: str, wanted: Status, timeout: float = 40) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with suppress(UnavailableError):  # it gives up early, and this machine may be busy
            if await found(read, video) == wanted:
                return
        await asyncio.sleep(0.05)
    raise AssertionError(video)


async def rows(settings: Settings, video: str) -> int:
    """How many revisions of a video this very version has."""
    session = Session(settings, {"video": "SELECT revision FROM {keyspace}.videos WHERE video_id = :video_id"})
    session.wait(20)
    try:
        return len(await session.fetch("video", {"video_id": video}))
    finally:
        session.close()


@contextmanager
def projector(stack: Stack, settings: Settings) -> Iterator[ProjectorService]:
    """One with a group of its own."""
    name = f"projector-{settings.keyspace.replace('_', '-')}"
    admin = AdminClient({"bootstrap.servers": stack.kafka, "log_level": 2})
    for future in admin.create_topics([NewTopic(dead_topic(name), 1, 1)]).values():
        with suppress(KafkaException):
            future.result(20)
    commit(settings.kafka, name, positions_now(settings))
    service = ProjectorService(settings, name, NAME)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(30)
        assert not thread.is_alive()


async def until(done: Callable[[], bool], timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while not done():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_a_version_is_built_beside_the_live_one_and_switched_to_without_a_failed_read(
    settings: Settings, producer: EventProducer, session: Session
) -> None:
    before = [ids.video_id(f"{settings.keyspace}-{number}") for number in range(5)]
    send(producer, *before)
    read = ReadModel(CassandraReader(session))
    # given: the tables of the first version know nothing of these videos
    assert await found(read, before[0]) is None
    # when a version is built from the log while events flow in
    flowing = threading.Event()
    during: list[str] = []

    def flow() -> None:
        while not flowing.wait(0.2):
            during.append(ids.video_id(f"{settings.keyspace}-during-{len(during)}"))
            send(producer, during[-1])

    with ThreadPoolExecutor(2) as pool:
        flowed = pool.submit(flow)
        number = await asyncio.to_thread(rebuild, settings)
        assert number == 2 and status(settings) == {1: VersionStatus.LIVE, 2: VersionStatus.READY}
        # then readers still use the first
        assert session.keyspace == settings.keyspace and await found(read, before[0]) is None
        # and when it is promoted while somebody reads without a pause
        promoted = pool.submit(promote, settings)
        reads = 0
        while session.keyspace == settings.keyspace:
            await read.revisions(before[0])
            reads += 1
            await asyncio.sleep(0.005)  # the switch needs this process, too
        flowing.set()
        flowed.result(30)
        assert promoted.result(60) == 2 and reads > 10
    # then they find all of it, without having been started anew
    assert [await found(read, video) for video in before] == [Status.PUBLISHED] * 5
    assert status(settings) == {1: VersionStatus.KEPT, 2: VersionStatus.LIVE}


async def test_the_projector_follows_and_a_rollback_misses_nothing(
    settings: Settings, producer: EventProducer, stack: Stack, session: Session
) -> None:
    videos = iter(ids.video_id(f"{settings.keyspace}-{number}") for number in range(9))
    read = ReadModel(CassandraReader(session))

    async def arrives(video: str) -> None:
        send(producer, video)
        await reached(read, video, Status.PUBLISHED)

    with projector(stack, settings) as service:
        await arrives(first := next(videos))
        await asyncio.to_thread(rebuild, settings)
        assert await asyncio.to_thread(promote, settings) == 2
        # what happens after the switch comes into the promoted version, and into it alone
        await until(lambda: {session.keyspace, service.filling} == {f"{settings.keyspace}_v2"})
        await arrives(second := next(videos))
        assert await rows(of_version(settings, 1), second) == 0
        # when it is rolled back, then the first version has it too
        assert await asyncio.to_thread(rollback, settings) == 1
        await until(lambda: session.keyspace == settings.keyspace)
        assert await found(read, first) == await found(read, second) == Status.PUBLISHED
        await arrives(next(videos))
    # and a projector that is started anew goes on with the version that is live
    assert await asyncio.to_thread(promote, settings, 2) == 2
    await until(lambda: session.keyspace == f"{settings.keyspace}_v2")
    with projector(stack, settings):
        await arrives(next(videos))


async def test_the_live_version_is_never_dropped_and_another_goes_with_its_tables(settings: Settings) -> None:
    number = await asyncio.to_thread(rebuild, settings)
    with pytest.raises(BadInputError, match="Version 1 is live"):
        operations.drop(settings, 1, MIRA)
    operations.drop(settings, number, MIRA)
    assert status(settings) == {1: VersionStatus.LIVE, 2: VersionStatus.DROPPED}
    with pytest.raises(NotFoundError, match="There is no version 2"):
        promote(settings, 2)
    # a number is never used again
    assert operations.begin(settings, MIRA, None) == 3


async def test_a_rebuild_that_was_stopped_goes_on_where_it_was(settings: Settings, producer: EventProducer) -> None:
    number = operations.begin(settings, MIRA, None)
    stopped = threading.Event()
    seen: list[int] = []

    def stop(progress: Progress) -> None:
        seen.append(progress.done)
        if progress.done:
            stopped.set()

    send(producer, video := ids.video_id(settings.keyspace))
    assert not operations.fill(settings, number, MIRA, stopped, stop)
    with pytest.raises(BadInputError, match="has not caught up"):
        promote(settings, number)
    # when it goes on
    assert operations.begin(settings, MIRA, number) == number
    again: list[int] = []
    assert operations.fill(settings, number, MIRA, NEVER, lambda progress: again.append(progress.total))
    # then it reads only what it had not read, and misses nothing
    assert again[0] <= operations.read(settings).history[-1].records + seen[-1]  # type: ignore[union-attr]
    assert await rows(of_version(settings, number), video) == 1
    assert status(settings)[number] == VersionStatus.READY


async def test_verify_finds_what_was_changed_and_nothing_else(
    settings: Settings, producer: EventProducer, stack: Stack
) -> None:
    videos = [ids.video_id(f"{settings.keyspace}-{number}") for number in range(6)]

    def compare(**how: Any) -> Verdict:
        return operations.verify(settings, Comparison(**how), "mira", NEVER, lambda *_: None)[1]

    # given two versions that were both filled from the whole log, while events flow into the live one
    number = await asyncio.to_thread(rebuild, settings)
    await asyncio.to_thread(promote, settings, number)
    with projector(stack, settings):
        send(producer, *videos[:4])
        await asyncio.to_thread(rebuild, settings)
        send(producer, *videos[4:])
        alike = await asyncio.to_thread(compare, number=3)
        assert alike.differences == [] and alike.rows > 6 * 10
        # when somebody changes a row, takes one away, and adds one
        own = cluster(settings, request_s=20)
        other = own.connect(f"{settings.keyspace}_v3")
        other.execute("UPDATE videos SET title='x', subject='y' WHERE video_id=%s AND revision=1", (videos[0],))
        other.execute("DELETE FROM video_scenes WHERE video_id=%s AND revision=1 AND scene_number=2", (videos[1],))
        other.execute("INSERT INTO viewer_interests (viewer_id, interests) VALUES ('nobody', '{}')")
        own.shutdown()
        # then exactly that is told
        told = {one.table: one for one in (await asyncio.to_thread(compare, number=3)).differences}
        assert told == {
            "videos": Difference("videos", (videos[0], 1), columns=("subject", "title")),
            "video_scenes": Difference("video_scenes", (videos[1], 1, 2), missing="new"),
            "viewer_interests": Difference("viewer_interests", ("nobody",), missing="old"),
        }
        # whichever of the two is named first
        swapped = await asyncio.to_thread(compare, number=2, against=3)
        assert {one.table for one in swapped.differences} == set(told)
        # and the live version is what a serial fold of the log says, for every key
        sampled = await asyncio.to_thread(compare, number=2, sample=100_000)
        assert sampled.differences == [] and sampled.rows > 6 * 10
        changed = await asyncio.to_thread(compare, number=3, sample=100_000)
        assert {one.table for one in changed.differences} == {"videos", "video_scenes"}


async def test_a_version_is_not_compared_with_itself(settings: Settings) -> None:
    with pytest.raises(BadInputError, match="with itself"):
        operations.verify(settings, Comparison(number=1), "mira", NEVER, lambda *_: None)
