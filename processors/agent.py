"""The thin agent around a decision: read, decide, publish, keep the state; put aside what cannot be read.

The order matters. Effects are acknowledged by the broker before the state is kept, and the state is flushed before
the offset is committed (Faust flushes its producer first): a crash in between repeats a decision, never loses one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import faust
from faust.types import TableT

from infra.errors import UnavailableError
from infra.kafka import deadletters
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw
from infra.telemetry import logs, metrics
from processors.decision import Decision, Effect, Processor
from schemas import base
from schemas.errors import DecodeError
from schemas.topics import PROCESSORS

log = logs.get("processors")


class Shell:
    """Runs one processor on a stream of raw records."""

    def __init__(self, processor: Processor, table: TableT[bytes, bytes] | None, producer: EventProducer) -> None:
        self._processor, self._table, self._producer = processor, table, producer

    async def run(self, stream: faust.StreamT[bytes]) -> None:
        """The agent. It never raises: Faust would count the record as handled all the same."""
        async for event in stream.events():
            record = _record(event)
            try:
                await self._handle(record)
            except Exception as error:
                if not isinstance(error, DecodeError):
                    log.exception("record put aside", topic=record.topic, offset=record.offset)
                await self._bury(record, error)

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

    async def _bury(self, record: Raw, error: Exception) -> None:
        while True:
            try:
                return await asyncio.wrap_future(deadletters.send(self._producer, PROCESSORS, record, error))
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
