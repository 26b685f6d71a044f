"""The thin agent around a decision: read, decide, publish, keep the state; put aside what cannot be read.

The order matters. Effects are acknowledged by the broker before the state is sent to the changelog, and the changelog
before the fetch is acknowledged, so before its offset can be committed: a crash in between repeats decisions, never
loses one.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future

import faust
from faust.types import TableT

from infra.errors import SwipestreamError, UnavailableError
from infra.kafka.deadletters import Aside
from infra.kafka.failures import Kind, Retry, classify
from infra.kafka.parking import Turn, arrive, dump, failed, finished, load
from infra.kafka.producer import EventProducer, Outgoing, TooLargeError
from infra.kafka.records import Raw
from infra.kafka.trials import Trial, fields, read
from infra.telemetry import logs, metrics
from processors.decision import Decision, Effect, Processor, State
from processors.lines import Line, record, sort
from processors.readings import Bundle
from processors.states import States
from schemas import base
from schemas.codec import PREFIX
from schemas.envelope import Envelope
from schemas.errors import DecodeError
from schemas.topics import NOW, PROCESSORS, retry_topic

log = logs.get("processors")

#: Where the relay puts what has come due, and the operator what is sent back.
DUE = retry_topic(PROCESSORS, NOW)


class ParkedTooLongError(SwipestreamError):
    """So many later events wait behind this one that they go first."""


class Shell:
    """Runs one processor on a stream of fetches. `parked` keeps the lines of keys that wait."""

    def __init__(
        self, processor: Processor, table: TableT[bytes, bytes] | None, producer: EventProducer,
        parked: TableT[bytes, bytes],
    ) -> None:  # fmt: skip
        self._processor, self._states, self._producer, self._parked = processor, States(table), producer, parked
        self._aside = Aside(producer, PROCESSORS, part=processor.name)
        self._ignored = {("ce_type", (PREFIX + name).encode()) for name in processor.ignores}

    async def run(self, stream: faust.StreamT[Bundle]) -> None:
        """The agent. It never raises: Faust would count the records as handled all the same."""
        async for event in stream.events():
            records = [record(each) for each in event.value]
            await self._fetched([each for each in records if self._mine(each)], event.message.partition)
            event.value.handle()

    def _mine(self, record: Raw) -> bool:
        if record.topic == DUE:
            return fields(record).get("part") == self._processor.name
        return not self._ignored or self._ignored.isdisjoint(record.headers)

    async def _fetched(self, records: Sequence[Raw], partition: int) -> None:
        """All keys at once; what fails, or may have to wait, alone and in order."""
        lines, alone = sort(records, self._waits)
        decisions = self._decide(lines)
        try:
            await self._publish([effect for decision in decisions.values() for effect in decision.effects])
            await self._keep({key: decision.state for key, decision in decisions.items()}, partition)
        except TooLargeError:  # of which event that is shows when each is handled alone
            for line in lines.values():
                line.done = 0
        self._count(event for line in lines.values() for event in line.events[: line.done])
        for each in (*(left for line in lines.values() for left in line.records[line.done :]), *alone):
            await self._take(each, partition)

    def _waits(self, record: Raw) -> bool:
        """Whether an earlier event of its key may be parked, or it has been tried before."""
        return record.topic == DUE or (self._processor.ordered and self._line(record.key) in self._parked)

    def _line(self, key: bytes | None) -> bytes:
        return b"%s/%s" % (self._processor.name.encode(), key or b"")

    def _decide(self, lines: Mapping[bytes, Line]) -> dict[bytes, Decision]:
        now_us, decisions = base.now_us(), {}
        for key, line in lines.items():
            decisions[key], line.done = self._processor.fold(line.events, self._states.get(key), now_us)
        return decisions

    async def _take(self, record: Raw, partition: int) -> None:
        try:
            trial = read(record)
        except DecodeError as error:
            return await self._insist(self._aside.bury, Trial(record=record), error)
        key = self._line(record.key)
        turn = self._turn(key, trial)
        if turn.given_up:
            await self._insist(self._aside.bury, turn.given_up, ParkedTooLongError())
        for index, each in enumerate(turn.run):
            if again := await self._attempt(each, partition):
                return self._park(key, dump(failed(turn, index, again)))
        line = finished(turn)
        return self._park(key, dump(line) if line else None)

    def _turn(self, key: bytes, trial: Trial) -> Turn:
        line = self._parked.get(key) if self._processor.ordered and len(self._parked) else None
        return arrive(load(line) if line else None, trial)

    def _park(self, key: bytes, line: bytes | None) -> None:
        if not self._processor.ordered or (line is None and not len(self._parked)):
            return
        if line is None:
            self._parked.pop(key, None)
        elif self._parked.get(key) != line:
            self._parked[key] = line
        metrics.PARKED.labels(consumer=PROCESSORS).set(len(self._parked))

    async def _attempt(self, trial: Trial, partition: int) -> Trial | None:
        """Handle it or put it aside; the next attempt, if there is to be one."""
        while True:
            try:
                await self._handle(trial.record, partition)
                return None
            except Exception as error:  # noqa: BLE001 - whatever it is, the policy says what becomes of the record
                if classify(error) is not Kind.UNAVAILABLE:
                    return await self._failed(trial, error)
                log.warning("waiting", why=str(error))
                await asyncio.sleep(1)

    async def _failed(self, trial: Trial, error: Exception) -> Trial | None:
        if not isinstance(error, DecodeError):
            log.exception("record put aside", topic=trial.record.topic, offset=trial.record.offset, exc_info=error)
        step = self._aside.step(trial, error)
        await self._insist(self._aside.put, trial, error)
        return trial.again(int(time.time() * 1000), step.delay_s) if isinstance(step, Retry) else None

    async def _handle(self, record: Raw, partition: int) -> None:
        envelope = record.decode()
        key = envelope.data.key.encode()
        decision = self._processor.decide(envelope, self._states.get(key), base.now_us())
        await self._publish(decision.effects)
        await self._keep({key: decision.state}, partition)
        self._count((envelope,))

    async def _publish(self, effects: Sequence[Effect]) -> None:
        await self._send([self._producer.outgoing(envelope, topic) for envelope, topic in effects])

    async def _keep(self, states: Mapping[bytes, State], partition: int) -> None:
        await self._send(self._states.changes(states, partition))
        self._states.keep(states)

    async def _send(self, records: Sequence[Outgoing]) -> None:
        """Send all, then wait for all: one round trip, however many."""
        while records:
            try:
                return await asyncio.wrap_future(self._producer.send_all(records))
            except UnavailableError as error:
                # Ids are derived, so sending again what already arrived is harmless.
                log.warning("waiting", why=str(error))
                await asyncio.sleep(1)

    @staticmethod
    def _count(events: Iterable[Envelope[base.Message]]) -> None:
        for kind, count in Counter(event.type for event in events).items():
            metrics.HANDLED.labels(consumer=PROCESSORS, type=kind).inc(count)

    async def _insist(
        self, put: Callable[[Trial, Exception], Future[None]], trial: Trial, error: Exception
    ) -> None:  # fmt: skip
        while True:
            try:
                return await asyncio.wrap_future(put(trial, error))
            except UnavailableError as unavailable:
                log.warning("waiting", why=str(unavailable))
                await asyncio.sleep(1)
