"""What Faust reads, hands on and commits of whole fetches, whatever a rebalance does in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP
from mode.utils.logging import CompositeLogger

from infra.kafka.producer import Outgoing
from processors.changelog import Changelog
from processors.fetches import Consumer
from processors.lease import Lease
from processors.readings import Bundle, Readings

HERE = TP("swipes", 0)


def records(first: int, count: int) -> list[Any]:
    return [
        SimpleNamespace(
            topic=HERE.topic, partition=0, offset=first + number, timestamp=0, timestamp_type=1, checksum=None,
            serialized_key_size=0, serialized_value_size=0,
        )
        for number in range(count)
    ]  # fmt: skip


class Log:
    """Faust's thread: it reads on from its position, whoever waits for that, and knows what was committed."""

    def __init__(self) -> None:
        self.committed: int | None = None
        self.position, self.end = 0, 0
        self.more = asyncio.Event()

    async def getmany(self, _active: object, _timeout: float) -> Mapping[TP, list[Any]]:
        await self.more.wait()
        taken, self.position = records(self.position, self.end - self.position), self.end
        return {HERE: taken} if taken else {}

    async def position_of(self, _tp: TP) -> int:
        return self.position

    async def seek_to_committed(self) -> Mapping[TP, int | None]:
        if self.committed:
            self.position = self.committed
        return {HERE: self.committed}

    async def seek_to_beginning(self, *_partitions: object) -> None:
        self.position = 0

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        self.committed = offsets[HERE]
        return True

    async def highwaters(self, *_partitions: TP) -> Mapping[TP, int]:
        return {HERE: self.end}

    def assignment(self) -> set[TP]:
        return {HERE}

    def append(self, count: int) -> None:
        """So many records more can be read."""
        self.end += count
        self.more.set()


class Agent:
    """Reads the topic."""

    def get_topic_names(self) -> list[str]:
        return [HERE.topic]


class Bare(Consumer):
    """The consumer on such a log, and no more of an app than it asks for."""

    def __init__(self, log: Log) -> None:
        async def flush() -> None: ...

        self.broker, self.log = log, CompositeLogger(logging.getLogger("test"))
        app: Any = SimpleNamespace(
            consumer_generation_id=7, agents={name: Agent() for name in ("one", "two")},
            topics=SimpleNamespace(acks_enabled_for=lambda _topic: True),
            producer=SimpleNamespace(flush=flush), tables=SimpleNamespace(on_commit=lambda _offsets: None),
            monitor=SimpleNamespace(on_tp_commit=lambda _offsets: None),
        )  # fmt: skip
        thread: Any = log
        self.app, self._thread = app, thread
        self.readings, self._still, self._resumed = Readings(), asyncio.Lock(), asyncio.Event()
        self._unacked_messages, self._read_offset, self._committed_offset = set(), {}, {}
        self._acked, self._acked_index = {}, {}
        self.can_resume_flow, self.suspend_flow = asyncio.Event(), asyncio.Event()
        self.in_transaction = False
        self.resume_flow()

    async def position(self, tp: TP) -> int:
        return await self.broker.position_of(tp)

    async def read(self) -> Bundle:
        """One fetch."""
        bundle = (await self._getmany({HERE}, 1.0))[HERE][0]
        assert isinstance(bundle, Bundle)
        return bundle

    async def commit_all(self) -> int | None:
        """What is committed then."""
        if offsets := self._filter_committable_offsets(self._filter_tps_with_pending_acks()):
            await self._commit_offsets(offsets)
        return self.broker.committed


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def consumer(log: Log) -> Bare:
    consumer = Bare(log)
    await consumer.perform_seek()
    consumer.resume_flow()
    return consumer


async def test_a_fetch_counts_once_every_agent_has_handled_it(consumer: Bare, log: Log) -> None:
    log.append(5)
    bundle = await consumer.read()
    for committed in (None, None, 5):
        assert await consumer.commit_all() == committed
        bundle.handle()


async def test_what_faust_forgot_is_not_committed_nor_what_follows(consumer: Bare, log: Log) -> None:
    """It clears its queues whenever the flow is resumed, and acknowledges nothing."""
    log.append(5)
    await consumer.read()
    log.append(5)
    bundle = await consumer.read()
    bundle.handle()
    bundle.handle()
    assert await consumer.commit_all() is None
    # and a seek brings both again
    await consumer.perform_seek()
    consumer.resume_flow()
    again = await consumer.read()
    assert (again[0].offset, again.end) == (0, 10)


async def test_what_was_in_hand_during_a_seek_does_not_count(consumer: Bare, log: Log) -> None:
    log.append(5)
    bundle = await consumer.read()
    await consumer.perform_seek()
    consumer.resume_flow()
    bundle.handle()
    bundle.handle()
    assert await consumer.commit_all() is None


async def test_a_fetch_that_was_given_up_on_takes_nothing_behind_a_seek(consumer: Bare, log: Log) -> None:
    # given a fetch that waits for records, and is given up on, as in a rebalance
    given_up = asyncio.create_task(consumer.read())
    await asyncio.sleep(0.01)
    given_up.cancel()
    # when the consumer seeks while records come
    seek = asyncio.create_task(consumer.perform_seek())
    await asyncio.sleep(0.01)
    log.append(5)
    await seek
    consumer.resume_flow()
    # then they are read after it
    bundle = await consumer.read()
    assert (bundle[0].offset, bundle.end) == (0, 5)


async def test_nothing_is_read_between_a_seek_and_the_flow(consumer: Bare, log: Log) -> None:
    """What is read there lies in a queue that Faust clears when it resumes the flow."""
    log.append(5)
    await consumer.perform_seek()
    read = asyncio.create_task(consumer.read())
    await asyncio.sleep(0.05)
    assert not read.done() and log.position == 0
    consumer.resume_flow()
    bundle = await read
    assert bundle.end == 5


async def test_a_commit_that_failed_is_made_again_though_nothing_more_comes(
    consumer: Bare, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust itself forgets it: the lag would stay until the next record of that partition."""

    async def fails(_self: object, _offsets: object, _start: bool = True) -> bool:
        return False

    log.append(5)
    bundle = await consumer.read()
    bundle.handle()
    bundle.handle()
    with monkeypatch.context() as patched:
        patched.setattr(driver.Consumer, "_commit_offsets", fails)
        assert await consumer.commit_all() is None
    assert await consumer.commit_all() == 5
    assert not list(consumer._filter_tps_with_pending_acks())


async def test_what_a_seek_has_overtaken_is_not_handed_on(consumer: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    # given two fetches on their way, and a seek between them
    first, second = Bundle(records(0, 5)), Bundle(records(5, 1))

    async def fetches(_self: object, timeout: float) -> Any:
        for bundle in (first, second):
            yield HERE, consumer._to_message(HERE, bundle)

    monkeypatch.setattr(faust_consumer.Consumer, "getmany", fetches)
    consumer.readings.add(HERE, second)
    consumer._read_offset[HERE] = 9
    # then the second one comes, though Faust saw a later offset before
    handed_on: list[Any] = [message.value async for _tp, message in consumer.getmany(1.0)]
    assert handed_on == [second]
    assert consumer._read_offset[HERE] is None


async def test_what_is_read_before_the_first_seek_comes_with_it(log: Log) -> None:
    """Faust lets the partitions go just before it seeks them: what is read then would be handled twice."""
    consumer = Bare(log)
    log.append(5)
    assert await consumer._getmany({HERE}, 1.0) == {}
    await consumer.perform_seek()
    consumer.resume_flow()
    assert (await consumer.read()).end == 5


async def test_partitions_are_let_go_once_no_state_is_on_its_way(
    consumer: Bare, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a fetch in hand, and a state of it on its way to the changelog
    log.append(5)
    bundle = await consumer.read()
    delivery = Future[None]()
    delivery.set_running_or_notify_cancel()
    producer: Any = SimpleNamespace(send_all=lambda _records: delivery)
    consumer.transport = cast(Any, SimpleNamespace(changelog=Changelog(producer, Lease(60))))

    async def nothing(_self: object, _revoked: object) -> None: ...

    monkeypatch.setattr(driver.Consumer, "on_partitions_revoked", nothing)
    consumer._changelog.lease.renew()
    writing = asyncio.create_task(consumer._changelog.write([Outgoing("states", b"key", b"1", [], 0)], bundle))
    await asyncio.sleep(0.01)
    # when its partition is taken away
    revoked = asyncio.create_task(consumer.on_partitions_revoked({HERE}))
    await asyncio.sleep(0.01)
    # then that waits for the state, and nothing is written any more of what was read before
    assert bundle.lost and not revoked.done()
    delivery.set_result(None)
    await asyncio.wait_for(asyncio.gather(revoked, writing), 5)


async def test_what_is_told_of_progress(consumer: Bare, log: Log) -> None:
    log.append(5)
    assert await consumer._moved() == ({HERE: 0}, {HERE: 5})  # not read yet
    bundle = await consumer.read()
    assert await consumer._moved() == ({HERE: 0}, {HERE: 5})  # not handled yet
    bundle.handle()
    bundle.handle()
    assert await consumer._moved() == ({HERE: 0}, {HERE: 5})  # not committed yet
    await consumer.commit_all()
    assert await consumer._moved() == ({HERE: 5}, {HERE: 5})
    consumer.readings.seek(())
    assert await consumer._moved() == ({}, {})  # a rebalance
