"""The consumer that keeps the read model up to date."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from infra.errors import BadInputError, UnavailableError
from infra.kafka.batches import BatchConsumer
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.settings import Settings
from infra.telemetry import logs
from query_api.projections.positions import NAME, TOPICS, positions
from query_api.projections.project import Place, project
from query_api.projections.rewind import rewind
from query_api.readmodel.cassandra import CassandraWriter, stored, writing
from query_api.readmodel.store import Writer
from query_api.readmodel.tables import Write
from schemas.base import now_us

log = logs.get("projector")

#: How far ahead of this machine's clock an event may be. A timestamp of next year would hide all that comes before it.
AHEAD_US = 3_600_000_000


class Projector:
    """Turns batches of events into rows. Safe to repeat: an event ends in the same rows however often it comes."""

    def __init__(self, writer: Writer, name: str = NAME) -> None:
        self._writer, self._name = writer, name

    def handle(self, records: Sequence[Received]) -> None:
        """Write the rows, then the positions. Raises UnavailableError, ValueError for what no row can hold."""
        self._writer.write([write for record in records for write in _writes(record)])
        self._writer.write(positions(records, self._name))


def _writes(record: Received) -> list[Write]:
    ts_us = getattr(record.envelope.data, "ts_us", 0)
    if ts_us > now_us() + AHEAD_US:
        raise BadInputError(f"ts_us {ts_us} lies in the future")
    return project(record.envelope, Place(record.topic, record.partition, record.offset))


class ProjectorService:
    """The projector with its consumer, its session and its producer of dead letters.

    `name` is the consumer group, the projection and the beginning of the dead-letter topic's name.
    """

    def __init__(self, settings: Settings, name: str = NAME) -> None:
        self._settings, self._name = settings, name
        self._session = writing(settings)
        self._producer = EventProducer(settings.kafka_address, name)
        self._ended = threading.Event()
        self._consumer: BatchConsumer | None = None

    def stop(self) -> None:
        """End after the batch in hand."""
        self._ended.set()
        if self._consumer is not None:
            self._consumer.stop()

    def run(self) -> None:
        """Consume until `stop`."""
        try:
            self._prepare()
            self._consume()
        finally:
            self._producer.close()
            self._session.close()

    def _prepare(self) -> None:
        """Wait for the parts, and go back to where the tables are."""
        while not self._ended.is_set():
            try:
                self._session.wait(1)
                rewind(self._settings.kafka_address, self._name, stored(self._session, self._name))
                return
            except UnavailableError as error:
                log.info("waiting", why=str(error))
                self._ended.wait(1)

    def _consume(self) -> None:
        handle = Projector(CassandraWriter(self._session), self._name).handle
        self._consumer = BatchConsumer(self._settings.kafka_address, self._name, TOPICS, handle, self._producer)
        if self._ended.is_set():
            self._consumer.stop()
        self._consumer.run()
