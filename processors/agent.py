"""The thin agent around a decision: read, decide, publish, keep the state; put aside what cannot be read.

The order matters. Effects are acknowledged by the broker before the state is kept, and the state is flushed before
the offset is committed (Faust flushes its producer first): a crash in between repeats a decision, never loses one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import faust
from faust.types import TableT

from infra.errors import SwipestreamError, UnavailableError
from infra.kafka.deadletters import Aside
from infra.kafka.failures import Kind, Retry, classify
from infra.kafka.parking import Turn, arrive, dump, failed, finished, load
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw
from infra.kafka.trials import Trial, fields, read
from infra.telemetry import logs, metrics
from processors.decision import Decision, Effect, Processor
from schemas import base
from schemas.errors import DecodeError
from schemas.topics import NOW, PROCESSORS, retry_topic

log = logs.get("processors")

#: Where the relay puts what has come due, and the operator what is sent back.
DUE = retry_topic(PROCESSORS, NOW)


class ParkedTooLongError(SwipestreamError):
    """So many later events wait behind this one that they go first."""


class Shell:
    """Runs one processor on a stream of raw records. `parked` keeps the lines of keys that wait."""

    def __init__(
        self, processor: Processor, table: TableT[bytes, bytes] | None, producer: EventProducer,
        parked: TableT[bytes, bytes],
    ) -> None:  # fmt: skip
        self._processor, self._table, self._producer, self._parked = processor, table, producer, parked
        self._aside = Aside(producer, PROCESSORS, part=processor.name)

    async def run(self, stream: faust.StreamT[bytes]) -> None:
        """The agent. It never raises: Faust would count the record as handled all the same."""
        async for event in stream.events():
            record = _record(event)
            if record.topic != DUE or fields(record).get("part") == self._processor.name:
                await self._take(record)

    async def _take(self, record: Raw) -> None:
        try:
            trial = read(record)
        except DecodeError as error:
            return await self._insist(self._aside.bury, Trial(record=record), error)
        key = b"%s/%s" % (self._processor.name.encode(), record.key or b"")
        turn = self._turn(key, trial)
        if turn.given_up:
            await self._insist(self._aside.bury, turn.given_up, ParkedTooLongError())
        for index, each in enumerate(turn.run):
            if again := await self._attempt(each):
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

    async def _attempt(self, trial: Trial) -> Trial | None:
        """Handle it or put it aside; the next attempt, if there is to be one."""
        while True:
            try:
                await self._handle(trial.record)
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

    async def _handle(self, record: Raw) -> None:
        envelope = record.decode()
        key = envelope.data.key.encode()
        state = self._table.get(key) if self._table is not None else None
        decision = self._processor.decide(envelope, state, base.now_us())
        await self._publish(decision.effects)
        self._keep(key, state, decision)
        metrics.HANDLED.labels(consumer=PROCESSORS, type=envelope.type).inc()

    async def _publish(self, effects: tuple[Effect, ...]) -> None:
        """Send all, then wait for all: one round trip, however many."""
        while effects:
            try:
                sent = [self._producer.send(envelope, topic) for envelope, topic in effects]
                await asyncio.gather(*map(asyncio.wrap_future, sent))
                return
            except UnavailableError as error:
                # Ids are derived, so sending again what already arrived is harmless.
                log.warning("waiting", why=str(error))
                await asyncio.sleep(1)

    def _keep(self, key: bytes, before: bytes | None, decision: Decision) -> None:
        if self._table is None or decision.state == before:
            return
        if decision.state is None:
            self._table.pop(key, None)
        else:
            self._table[key] = decision.state

    async def _insist(
        self, put: Callable[[Trial, Exception], Future[None]], trial: Trial, error: Exception
    ) -> None:  # fmt: skip
        while True:
            try:
                return await asyncio.wrap_future(put(trial, error))
            except UnavailableError as unavailable:
                log.warning("waiting", why=str(unavailable))
                await asyncio.sleep(1)


def _record(event: faust.EventT[Any]) -> Raw:
    message = event.message
    return Raw(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=int(message.timestamp * 1000),
        key=message.key,
        value=message.value,
        headers=tuple(_pairs(message.headers)),
    )


def _pairs(headers: Any) -> list[tuple[str, bytes | None]]:
    return list(headers.items()) if isinstance(headers, dict) else list(headers or ())
