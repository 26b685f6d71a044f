"""The projector on a real log: what is good is projected, what is not is put aside, and nothing gets lost."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from infra.cassandra.cluster import cluster
from infra.cassandra.migrate import apply_tables
from infra.errors import UnavailableError
from infra.kafka.admin import apply_topics
from infra.kafka.groups import commit
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from infra.stack import Stack
from query_api.projections.projector import ProjectorService
from query_api.projections.rewind import behind, rewind
from query_api.readmodel.cassandra import CassandraReader, reading
from query_api.readmodel.model import ReadModel
from query_api.states import Status, state
from schemas import ids
from schemas.base import now_us
from schemas.codec import encode
from schemas.topics import dead_topic
from tests.integration.cassandra_kit import Gate, begin_at, keyspace, positions_now
from tests.unit.read_kit import life, published


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Iterator[Settings]:
    apply_topics(stack.kafka)
    with keyspace(stack) as settings:
        yield settings


@pytest.fixture
def name(stack: Stack, settings: Settings) -> str:
    """A consumer group of its own that begins now, with its dead-letter topic."""
    name = f"projector-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": stack.kafka, "log_level": 2})
    for future in admin.create_topics([NewTopic(dead_topic(name), 1, 1)]).values():
        future.result(20)
    now = positions_now(settings)
    begin_at(settings, name, now)
    commit(settings.kafka, name, now)
    return name


@pytest.fixture
def producer(stack: Stack) -> Iterator[EventProducer]:
    producer = EventProducer(stack.kafka, "test")
    yield producer
    producer.close()


@contextmanager
def projector(settings: Settings, name: str) -> Iterator[ProjectorService]:
    service = ProjectorService(settings, name)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(30)
        assert not thread.is_alive()


@contextmanager
def model(settings: Settings) -> Iterator[ReadModel]:
    session = reading(settings)
    session.wait(20)
    yield ReadModel(CassandraReader(session))
    session.close()


async def reached(read: ReadModel, video: str, status: Status, timeout: float = 30) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with suppress(UnavailableError):  # it gives up early, and this machine may be busy
            found = state(await read.revisions(video), await read.scenes(video))
            if found is not None and found.status == status:
                return True
        await asyncio.sleep(0.05)
    return False


async def caught_up(read: ReadModel, settings: Settings, name: str, timeout: float = 60) -> bool:
    """Whether the tables come to say that they are as far as the log is now."""
    ends, deadline = positions_now(settings), time.monotonic() + timeout
    while time.monotonic() < deadline:
        with suppress(UnavailableError):
            seen = {(one.topic, one.partition): one.position for one in await read.positions(name)}
            if all(seen.get(place, 0) >= end for place, end in ends.items()):
                return True
        await asyncio.sleep(0.2)
    return False


def send(producer: EventProducer, *videos: str) -> None:
    producer.publish_all((event, None) for video in videos for event in life(video, now_us()))


async def test_events_become_rows(settings: Settings, name: str, producer: EventProducer) -> None:
    videos = [ids.video_id(f"{name}-{number}") for number in range(20)]
    with projector(settings, name), model(settings) as read:
        send(producer, *videos)
        for video in videos:
            assert await reached(read, video, Status.PUBLISHED)
        assert await caught_up(read, settings, name)


async def test_an_outage_of_the_store_loses_nothing(
    stack: Stack, settings: Settings, name: str, producer: EventProducer
) -> None:
    videos = [ids.video_id(f"{name}-{number}") for number in range(6)]
    with Gate(stack.cassandra) as gate, model(settings) as read:
        through = settings.model_copy(update={"cassandra": gate.address})
        with projector(through, name):
            send(producer, videos[0])
            assert await reached(read, videos[0], Status.PUBLISHED)
            # when the store goes away while events come in
            gate.shut()
            send(producer, *videos[1:])
            assert not await reached(read, videos[1], Status.PUBLISHED, timeout=3)
            # and comes back
            gate.open()
            for video in videos:
                assert await reached(read, video, Status.PUBLISHED)
    # Other tests may have left something in the log meanwhile: only ours count.
    letters = read_all(stack.kafka, dead_topic(name))
    assert not {letter.key() for letter in letters} & {video.encode() for video in videos}


async def test_a_projector_that_is_stopped_goes_on_where_it_was(
    settings: Settings, name: str, producer: EventProducer
) -> None:
    first, second = ids.video_id(f"{name}-1"), ids.video_id(f"{name}-2")
    with model(settings) as read:
        with projector(settings, name):
            send(producer, first)
            assert await reached(read, first, Status.PUBLISHED)
        send(producer, second)
        with projector(settings, name):
            assert await reached(read, second, Status.PUBLISHED)


async def test_tables_that_were_deleted_are_filled_again(stack: Stack, name: str, producer: EventProducer) -> None:
    video = ids.video_id(name)
    with keyspace(stack) as settings:
        begin = positions_now(settings)
        begin_at(settings, name, begin)
        with model(settings) as read, projector(settings, name):
            send(producer, video)
            assert await reached(read, video, Status.PUBLISHED)
        # when the tables are gone, but not the group's offsets, and a backup is put back
        own = cluster(settings, request_s=20)
        own.connect().execute(f"DROP KEYSPACE {settings.keyspace}")
        own.shutdown()
        apply_tables(settings)
        begin_at(settings, name, begin)
        # then everything since the backup is read again
        with model(settings) as read, projector(settings, name):
            assert await reached(read, video, Status.PUBLISHED)


async def test_what_cannot_be_read_is_put_aside_with_its_reason(
    settings: Settings, name: str, producer: EventProducer, stack: Stack
) -> None:
    before, after = ids.video_id(f"{name}-before"), ids.video_id(f"{name}-after")
    good = encode(published(before, now_us()))
    late = published(before, now_us())
    bad = {
        "MissingHeaderError": (good.key, good.value, ()),
        "EmptyRecordError": (good.key, b"", good.headers),
        "MissingKeyError": (None, good.value, good.headers),
        "InvalidPayloadError": (good.key, b"\x00" * 900_000, good.headers),
        "KeyMismatchError": (b"another", good.value, good.headers),
        "UnknownTypeError": (good.key, good.value, with_header(good.headers, "ce_type", b"swipestream.Nonsense")),
        "UnknownVersionError": (good.key, good.value, with_header(good.headers, "ce_dataschema", NEVER)),
        "BadInputError": future(late.data.video_id),
        "ValueError": too_large(late.data.video_id),
    }  # fmt: skip
    with projector(settings, name), model(settings) as read:
        send(producer, before)
        for key, value, headers in bad.values():
            producer.send_raw("video-events", key, value, headers).result(20)
        # then the next good record is handled
        send(producer, after)
        assert await reached(read, after, Status.PUBLISHED) and await reached(read, before, Status.PUBLISHED)
        deadline = time.monotonic() + 20
        letters = read_all(stack.kafka, dead_topic(name))
        while not set(bad) <= {header(letter, "dl_reason") for letter in letters}:
            assert time.monotonic() < deadline, letters
            await asyncio.sleep(0.2)
            letters = read_all(stack.kafka, dead_topic(name))
        # and the tables are as far as the log, though the last record of its partition cannot be read
        producer.send_raw("video-events", good.key, good.value, ()).result(20)
        assert await caught_up(read, settings, name)
    for letter in letters:
        assert header(letter, "dl_topic") == "video-events" and header(letter, "dl_offset").isdigit()


async def test_nothing_is_set_back_while_another_process_is_at_work(
    settings: Settings, name: str, producer: EventProducer
) -> None:
    with projector(settings, name), model(settings) as read:
        send(producer, video := ids.video_id(name))
        assert await reached(read, video, Status.PUBLISHED)
        with pytest.raises(UnavailableError, match="stop them first"):
            rewind(settings.kafka, name, {})


def test_only_what_was_committed_beyond_the_tables_is_set_back() -> None:
    committed = {("t", 0): 5, ("t", 1): 5, ("t", 2): 5}
    assert behind(committed, {("t", 0): 5, ("t", 1): 3}) == {("t", 1): 3, ("t", 2): 0}
    assert behind({}, {("t", 0): 5}) == {}


NEVER = b"urn:swipestream:schema:VideoPublished:99"


def with_header(headers: list[tuple[str, bytes]], name: str, value: bytes) -> list[tuple[str, bytes]]:
    return [(key, value if key == name else old) for key, old in headers]


def future(video: str) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """A record that would hide all that comes before it."""
    record = encode(published(video, now_us() * 2))
    return record.key, record.value, record.headers


def too_large(video: str) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """A record that the contract allows and no column can hold."""
    record = encode(published(video, now_us(), revision=2**40))
    return record.key, record.value, record.headers


def header(message: Message, name: str) -> str:
    value = dict(message.headers() or [])[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def read_all(bootstrap: str, topic: str) -> list[Message]:
    """What a topic holds."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex})
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = consumer.consume(end, 20) if end else []
    consumer.close()
    return found
