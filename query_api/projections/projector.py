"""The consumer that keeps the read model up to date."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from infra.errors import BadInputError
from infra.kafka.batches import BatchConsumer
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.settings import Settings
from infra.telemetry import logs
from query_api.projections.positions import NAME, TOPICS, positions
from query_api.projections.project import Place, project
from query_api.readmodel.cassandra import CassandraWriter, writing
from query_api.readmodel.store import Writer
from query_api.readmodel.tables import Write
from schemas.base import now_us

log = logs.get("projector")

#: How far ahead of this machine's clock an event may be. A timestamp of next year would hide all that comes before it.
AHEAD_US = 3_600_000_000


class Projector:
    """Turns batches of events into rows. Safe to repeat: an event ends in the same rows however often it comes."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def handle(self, records: Sequence[Received]) -> None:
        """Write the rows, then the positions. Raises UnavailableError, ValueError for what no row can hold."""
        self._writer.write([write for record in records for write in _writes(record)])
        self._writer.write(positions(records))


def _writes(record: Received) -> list[Write]:
    ts_us = getattr(record.envelope.data, "ts_us", 0)
    if ts_us > now_us() + AHEAD_US:
        raise BadInputError(f"ts_us {ts_us} lies in the future")
    return project(record.envelope, Place(record.topic, record.partition, record.offset))


class ProjectorService:
    """The projector with its consumer, its session and its producer of dead letters."""

    def __init__(self, settings: Settings) -> None:
        self._session = writing(settings)
        self._producer = EventProducer(settings.kafka_address, NAME)
        self._ended = threading.Event()
        self._consumer = BatchConsumer(
            settings.kafka_address, NAME, TOPICS, Projector(CassandraWriter(self._session)).handle, self._producer
        )

    def stop(self) -> None:
        """End after the batch in hand."""
        self._ended.set()
        self._consumer.stop()

    def run(self) -> None:
        """Consume until `stop`."""
        try:
            self._consumer.run()
        finally:
            self._producer.close()
            self._session.close()
