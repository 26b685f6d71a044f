"""Whole fetches for Faust's agents: one event for each fetch of a partition, not one for each record.

Faust's cost lies in what it does for every event: two tasks, a queue, an acknowledgement (docs/decisions/). So its
consumer is given the records of a fetch bundled, as one message at the offset of the last one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import cached_property
from time import monotonic
from typing import Any, cast

import faust
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage
from faust.types.tuples import Message as FaustMessage
from mode import Service
from yarl import URL

from infra.ending import drain
from infra.telemetry import logs
from processors.changelog import Changelog
from processors.progress import Progress
from processors.readings import Bundle, Readings

log = logs.get("processors.fetches")

#: Fetches that may wait before an agent; Faust stops reading a partition before that.
WAITING = 8


class Schema(faust.Schema[Any, Any]):
    """Hands a bundle on as it is: nothing is decoded before the agent has it."""

    def loads_key(self, app: Any, message: FaustMessage, *, loads: Any = None, serializer: Any = None) -> None:
        """A bundle has many."""

    def loads_value(self, app: Any, message: FaustMessage, *, loads: Any = None, serializer: Any = None) -> Any:
        """The bundle."""
        return message.value


class Consumer(driver.Consumer):
    """Bundles what agents read, and commits by its readings. Tables are recovered record by record, as ever."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.readings = Readings()
        #: Either one fetch is on its way, or one seek.
        self._still = asyncio.Lock()
        #: After a seek nothing is read before the flow is resumed: Faust clears the agents' queues then.
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._fetching: asyncio.Task[Mapping[TP, list[Any]]] | None = None

    def resume_flow(self) -> None:
        """The queues are cleared: from here on what is read is handled."""
        super().resume_flow()
        self._resumed.set()

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[Any]]:
        """A fetch that is given up on still goes on in Faust's thread.

        What it takes is read by nobody; where a seek came in between, it would be passed over.
        """
        await self._resumed.wait()
        self._fetching = asyncio.create_task(self._fetch(active_partitions, timeout))
        return await asyncio.shield(self._fetching)

    async def _fetch(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[Any]]:
        async with self._still:
            if not self._resumed.is_set():
                return {}
            fetched = await super()._getmany(active_partitions, timeout)
            return {tp: bundled for tp, records in fetched.items() if (bundled := self._bundled(tp, records))}

    def _bundled(self, tp: TP, records: list[Any]) -> list[Any]:
        if not records or not self._committable(tp):
            return records
        if tp not in self.readings.begun:
            return []  # its seek is still to come, and brings them again
        bundle = Bundle(records, agents=self._agents[tp.topic])
        self.readings.add(tp, bundle)
        return [bundle]

    @cached_property
    def _agents(self) -> Counter[str]:
        """How many read each topic. They are all there before anything is fetched."""
        return Counter(topic for agent in self.app.agents.values() for topic in agent.get_topic_names())

    def _committable(self, tp: TP) -> bool:
        return bool(self.app.topics.acks_enabled_for(tp.topic))

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:
        """Where the flow was stopped meanwhile Faust would seek by itself; the rebalance that stopped it does so, too.

        One of the two would come after the flow is resumed.
        """
        records, active_partitions = await super()._wait_next_records(timeout)
        return (records if self.flow_active else None), active_partitions

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, FaustMessage]]:
        """What was fetched, but for what a seek has overtaken: that comes again."""
        async for tp, message in super().getmany(timeout):
            bundle: Any = message.value
            if isinstance(bundle, Bundle):
                if not self.readings.holds(tp, bundle):
                    continue
                # Faust drops what ends before the last fetch that it saw; after a seek, that may be cut otherwise.
                self._read_offset[tp] = None
            yield tp, message

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Bundle):
            return super()._to_message(tp, record)
        last, bundle = record[-1], cast(bytes, record)
        return ConsumerMessage(
            last.topic, last.partition, last.offset, last.timestamp / 1000, last.timestamp_type, None, None, bundle,
            last.checksum, last.serialized_key_size, last.serialized_value_size, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    async def perform_seek(self) -> None:
        """Read on from what was committed; where nothing was, from the beginning, where Kafka's client stays put."""
        async with self._still:
            self._resumed.clear()
            await super().perform_seek()
            partitions = [tp for tp in self.assignment() if self._committable(tp)]
            if fresh := [TopicPartition(*tp) for tp in partitions if not self._read_offset[tp]]:
                await self._thread.seek_to_beginning(*fresh)
            self.readings.seek(partitions)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Where tables are recovered from."""
        async with self._still:
            self._resumed.clear()
            await super().seek_wait(partitions)

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """What is still in hand may meet a table that is recovered anew, from older states: it does not count.

        Nobody is given the partitions before this returns, so no state that is on its way comes behind their recovery.
        """
        self.readings.seek(())
        await super().on_partitions_revoked(revoked)
        await self._changelog.settled()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """To be assigned something is to be in the group."""
        self._changelog.lease.renew()
        await super().on_partitions_assigned(assigned, generation_id)

    @property
    def _changelog(self) -> Changelog:
        return cast(Transport, self.transport).changelog

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self.readings.ready() if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self.readings.end(tp)

    def _should_commit(self, tp: TP, offset: int) -> bool:
        """What is in the readings is not committed."""
        return True

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        """Faust takes a commit that failed for one that was made: here it is made again."""
        committed = bool(await super()._commit_offsets(offsets, start_new_transaction))
        if committed:
            for tp, offset in offsets.items():
                self.readings.committed(tp, offset)
                # What Faust itself would commit by, and would never forget.
                self._acked.pop(tp, None)
                self._acked_index.pop(tp, None)
        return committed

    @Service.task
    async def _watch(self) -> None:
        """Whatever the cause: a partition that does not move though there is more ends the process."""
        progress = Progress()
        async for _ in self.itertimer(5.0, name="progress"):
            if stuck := progress.stuck(*await self._moved(), monotonic()):
                log.error("no progress: starting anew", partitions=sorted(f"{tp.topic}/{tp.partition}" for tp in stuck))
                drain()

    async def _moved(self) -> tuple[Mapping[TP, int], Mapping[TP, int]]:
        """How far partitions are done, and where they end; nothing where Kafka does not answer."""
        try:
            async with asyncio.timeout(10):
                return {tp: await self._reached(tp) for tp in self.readings.begun}, await self._ends()
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            log.info("Kafka does not tell where partitions are", why=str(error))
            return {}, {}

    async def _reached(self, tp: TP) -> int:
        """The first record that is not committed, or is to be read: a position passes gaps, and what has expired."""
        waiting = self.readings.waiting(tp)
        return waiting if waiting is not None else await self.position(tp) or 0

    async def _ends(self) -> Mapping[TP, int]:
        return await self.highwaters(*self.readings.begun) if self.readings.begun else {}

    async def on_stop(self) -> None:
        """Commit what is handled; nobody waits for the fetch that is on its way."""
        await super().on_stop()
        if self._fetching:
            self._fetching.cancel()


class Thread(driver.AIOKafkaConsumerThread):
    """Faust's own, in which Kafka's client runs; each heartbeat that the group answers renews the lease."""

    async def on_start(self) -> None:
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        heartbeat, lease = coordinator._do_heartbeat, cast(Transport, self.transport).changelog.lease

        async def renewing() -> bool:
            asked_s = monotonic()
            if answered := bool(await heartbeat()):
                lease.renew(asked_s)
            return answered

        coordinator._do_heartbeat = renewing


class Transport(driver.Transport):
    """Faust's own transport, with that consumer."""

    Consumer = Consumer

    def __init__(self, urls: list[URL], app: faust.App, changelog: Changelog) -> None:
        super().__init__(urls, app)
        self.changelog = changelog


def transport(app: faust.App, changelog: Changelog) -> Transport:
    """The transport of an app whose agents write by way of `changelog`."""
    urls: list[URL] = app.conf.broker_consumer
    return Transport(urls, app, changelog)
