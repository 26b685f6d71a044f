"""The thin agent around a decision: read, decide, publish, keep the state; put aside what cannot be read.

The order matters. Effects are acknowledged by the broker before the state is sent to the changelog, and the changelog
before the fetch is acknowledged, so before its offset can be committed: a crash in between repeats decisions, never
loses one. Effects may come twice, their ids are derived; states may not come late, so they go by way of `Changelog`.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future

import faust

from infra.errors import SwipestreamError, UnavailableError
from infra.kafka.deadletters import Aside
from infra.kafka.failures import Kind, Retry, classify
from infra.kafka.parking import Line as Parked
from infra.kafka.parking import arrive, dump, failed, finished, load
from infra.kafka.producer import EventProducer, TooLargeError
from infra.kafka.records import Raw
from infra.kafka.trials import Trial, fields, read
from infra.telemetry import logs, metrics
from processors.changelog import Changelog, LostError
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
    """Runs one processor on a stream of fetches. `parked` are the lines of keys that wait."""

    def __init__(
        self, processor: Processor, states: States, parked: States, producer: EventProducer, changelog: Changelog
    ) -> None:
        self._processor, self._states, self._parked = processor, states, parked
        self._producer, self._changelog = producer, changelog
        self._aside = Aside(producer, PROCESSORS, part=processor.name)
        self._ignored = {("ce_type", (PREFIX + name).encode()) for name in processor.ignores}

    async def run(self, stream: faust.StreamT[Bundle]) -> None:
        """The agent. It never raises: Faust would count the records as handled all the same."""
        async for event in stream.events():
            if event.value.lost:
                continue
            records = [record(each) for each in event.value]
            try:
                await self._fetched([each for each in records if self._mine(each)], event.value)
            except LostError:
                log.info("fetch left to others", partition=event.message.partition)
            else:
                event.value.handle()

    def _mine(self, record: Raw) -> bool:
        if record.topic == DUE:
            return fields(record).get("part") == self._processor.name
        return not self._ignored or self._ignored.isdisjoint(record.headers)

    async def _fetched(self, records: Sequence[Raw], bundle: Bundle) -> None:
        """All keys at once; what fails, or may have to wait, alone and in order."""
        lines, alone = sort(records, self._waits)
        decisions = self._decide(lines)
        try:
            await self._publish([effect for decision in decisions.values() for effect in decision.effects])
            await self._keep(self._states, {key: decision.state for key, decision in decisions.items()}, bundle)
        except TooLargeError:  # of which event that is shows when each is handled alone
            for line in lines.values():
                line.done = 0
        self._count(event for line in lines.values() for event in line.events[: line.done])
        for each in (*(left for line in lines.values() for left in line.records[line.done :]), *alone):
            await self._take(each, bundle)

    def _waits(self, record: Raw) -> bool:
        """Whether an earlier event of its key may be parked, or it has been tried before."""
        return record.topic == DUE or self._line_of(record.key) is not None

    def _place(self, key: bytes | None) -> bytes:
        """Where the line of a key is kept: every processor has its own."""
        return b"%s/%s" % (self._processor.name.encode(), key or b"")

    def _line_of(self, key: bytes | None) -> bytes | None:
        """What waits of a key, if its order matters and anything does."""
        return self._parked.get(self._place(key)) if self._processor.ordered and len(self._parked) else None

    def _decide(self, lines: Mapping[bytes, Line]) -> dict[bytes, Decision]:
        now_us, decisions = base.now_us(), {}
        for key, line in lines.items():
            decisions[key], line.done = self._processor.fold(line.events, self._states.get(key), now_us)
        return decisions

    async def _take(self, record: Raw, bundle: Bundle) -> None:
        try:
            trial = read(record)
        except DecodeError as error:
            await self._insist(self._aside.bury, Trial(record=record), error)
            return
        line = self._line_of(record.key)
        turn = arrive(load(line) if line else None, trial)
        if turn.given_up:
            await self._insist(self._aside.bury, turn.given_up, ParkedTooLongError())
        for index, each in enumerate(turn.run):
            again = await self._attempt(each, bundle)
            if again and await self._park(record.key, failed(turn, index, again), bundle):
                return
        await self._park(record.key, finished(turn), bundle)

    async def _park(self, key: bytes | None, waiting: Parked | None, bundle: Bundle) -> bool:
        """Whether what comes after it waits now. Order is given up before an event is."""
        if not self._processor.ordered:
            return True
        try:
            await self._keep(self._parked, {self._place(key): dump(waiting) if waiting else None}, bundle)
        except TooLargeError:
            log.warning("not parked: what waits of this key is too large to keep", partition=bundle.partition)
            return False
        metrics.PARKED.labels(consumer=PROCESSORS).set(len(self._parked))
        return True

    async def _attempt(self, trial: Trial, bundle: Bundle) -> Trial | None:
        """Handle it or put it aside; the next attempt, if there is to be one."""
        while True:
            try:
                await self._handle(trial.record, bundle)
                return None
            except LostError:
                raise
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

    async def _handle(self, record: Raw, bundle: Bundle) -> None:
        envelope = record.decode()
        key = envelope.data.key.encode()
        decision = self._processor.decide(envelope, self._states.get(key), base.now_us())
        await self._publish(decision.effects)
        await self._keep(self._states, {key: decision.state}, bundle)
        self._count((envelope,))

    async def _publish(self, effects: Sequence[Effect]) -> None:
        """Send all, then wait for all: one round trip, however many."""
        records = [self._producer.outgoing(envelope, topic) for envelope, topic in effects]
        while records:
            try:
                return await asyncio.wrap_future(self._producer.send_all(records))
            except UnavailableError as error:
                # Ids are derived, so sending again what already arrived is harmless.
                log.warning("waiting", why=str(error))
                await asyncio.sleep(1)

    async def _keep(self, states: States, new: Mapping[bytes, State], bundle: Bundle) -> None:
        await self._changelog.write(states.changes(new, bundle.partition), bundle)
        states.keep(new)

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
