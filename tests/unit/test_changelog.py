"""Writing states: only what counts, only while the lease is held, and a rebalance waits for what is on its way."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from infra.errors import UnavailableError
from infra.kafka.producer import Outgoing
from processors import changelog
from processors.changelog import Changelog, LostError
from processors.lease import Lease
from processors.readings import Bundle, Readings

STATE = Outgoing("states", b"key", b"1", [], 0)


class Broker:
    """A producer whose deliveries end when a test says so."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.deliveries: list[Future[None]] = []

    def send_all(self, records: list[Outgoing]) -> Future[None]:
        self.sent += records
        self.deliveries.append(Future())
        self.deliveries[-1].set_running_or_notify_cancel()
        return self.deliveries[-1]


class Case:
    """A process that holds one fetch."""

    def __init__(self, held_s: float) -> None:
        self.broker: Any = Broker()
        self.changelog = Changelog(self.broker, Lease(held_s))
        self.changelog.lease.renew()
        self.readings, self.bundle = Readings(), Bundle([SimpleNamespace(offset=1, partition=0)])
        self.readings.add(("swipes", 0), self.bundle)  # type: ignore[arg-type]

    async def writing(self) -> asyncio.Task[None]:
        """It has begun to write a state."""
        task = asyncio.create_task(self.changelog.write([STATE], self.bundle))
        await asyncio.sleep(0.02)
        return task


async def test_a_state_is_written_once_kafka_has_it() -> None:
    case = Case(60)
    writing = await case.writing()
    assert case.broker.sent == [STATE] and not writing.done()
    case.broker.deliveries[0].set_result(None)
    await asyncio.wait_for(writing, 5)


async def test_what_does_not_count_is_not_written() -> None:
    case = Case(60)
    case.readings.seek(())
    with pytest.raises(LostError):
        await case.changelog.write([STATE], case.bundle)
    assert not case.broker.sent


async def test_nothing_is_written_without_the_lease_and_all_is_when_it_is_held_again() -> None:
    case = Case(0)
    writing = await case.writing()
    assert not case.broker.sent and not writing.done()
    case.changelog.lease._seconds = 60
    case.changelog.lease.renew()
    await asyncio.sleep(2 * changelog.ASK_S)
    case.broker.deliveries[0].set_result(None)
    await asyncio.wait_for(writing, 5)


async def test_who_waits_for_the_lease_hears_that_the_partition_is_gone() -> None:
    case = Case(0)
    writing = await case.writing()
    case.readings.seek(())
    with pytest.raises(LostError):
        await asyncio.wait_for(writing, 5)
    assert not case.broker.sent


async def test_what_kafka_did_not_take_is_not_sent_again_once_the_partition_is_gone() -> None:
    case = Case(60)
    writing = await case.writing()
    case.readings.seek(())
    case.broker.deliveries[0].set_exception(UnavailableError("away"))
    with pytest.raises(LostError):
        await asyncio.wait_for(writing, 5)
    assert case.broker.sent == [STATE]


async def test_a_rebalance_waits_for_what_is_on_its_way() -> None:
    case = Case(60)
    await case.changelog.settled()  # nothing is
    writing = await case.writing()
    settled = asyncio.create_task(case.changelog.settled())
    await asyncio.sleep(0.02)
    assert not settled.done()
    case.broker.deliveries[0].set_result(None)
    await asyncio.wait_for(settled, 5)
    assert writing.done()


async def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changelog, "DELIVERY_S", -0.9)
    case = Case(60)
    writing = await case.writing()
    await asyncio.wait_for(case.changelog.settled(), 5)
    assert not writing.done()
    writing.cancel()
