"""The consumer that keeps the read model up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from infra.cassandra.session import Session
from infra.cassandra.versions import live_keyspace
from infra.errors import BadInputError, NotFoundError, UnavailableError
from infra.kafka.batches import BatchConsumer
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.settings import Settings
from infra.telemetry import logs
from query_api.projections.journal import current
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
#: How often it is looked which version is live.
WATCH_S = 0.2


class Projector:
    """Turns batches of events into rows. Safe to repeat: an event ends in the same rows however often it comes."""

    def __init__(self, writer: Writer, name: str = NAME) -> None:
        self._writer, self._name = writer, name

    def handle(self, records: Sequence[Received]) -> None:
        """Write the rows, then the positions. Raises UnavailableError, ValueError for what no row can hold."""
        self.rows(records)
        self._writer.write(positions(records, self._name))

    def rows(self, records: Sequence[Received]) -> None:
        """The rows alone."""
        self._writer.write([write for record in records for write in writes(record)])


def writes(record: Received) -> list[Write]:
    """The writes of a record. Raises BadInputError for one that would hide all that comes before it."""
    ts_us = getattr(record.envelope.data, "ts_us", 0)
    if ts_us > now_us() + AHEAD_US:
        raise BadInputError(f"ts_us {ts_us} lies in the future")
    return project(record.envelope, Place(record.topic, record.partition, record.offset))


class ProjectorService:
    """The projector with its consumer, its session and its producer of dead letters. It fills the live version.

    `name` is the consumer group and the beginning of the dead-letter topic's name; `projection`, under which the
    tables keep their positions, is the same where it is not given.
    """

    def __init__(self, settings: Settings, name: str = NAME, projection: str = "") -> None:
        self._settings, self._name, self._projection = settings, name, projection or name
        # Holds no statements: it is there to know which version is live.
        self._live = Session(settings, {}, follow=partial(live_keyspace, base=settings.keyspace))
        self._producer = EventProducer(settings.kafka_address, name)
        self._ended = threading.Event()
        self._consumer: BatchConsumer | None = None

    def stop(self) -> None:
        """End after the batch in hand."""
        self._ended.set()
        if self._consumer is not None:
            self._consumer.stop()

    def run(self) -> None:
        """Consume until `stop`, into whichever version is live."""
        try:
            self._wait_for(lambda: current(self._settings))
            while not self._ended.is_set():
                self._wait_for(lambda: self._live.wait(1))
                self._fill(self._live.keyspace)
        finally:
            self._producer.close()
            self._live.close()

    def _fill(self, keyspace: str) -> None:
        """Consume into one version, from where its tables are, until it is not the live one any more."""
        session = writing(self._settings.model_copy(update={"keyspace": keyspace}))
        try:
            self._wait_for(lambda: self._rewind(session), keyspace)
            self._consume(CassandraWriter(session), keyspace)
        finally:
            session.close()

    def _rewind(self, session: Session) -> None:
        session.wait(1)
        rewind(self._settings.kafka_address, self._name, stored(session, self._projection))

    def _wait_for(self, step: Callable[[], object], keyspace: str | None = None) -> None:
        """Until it works, or there is no need any more."""
        while not self._done(keyspace):
            try:
                step()
                return
            except (UnavailableError, NotFoundError) as error:
                log.info("waiting", why=str(error))
                self._ended.wait(1)

    def _done(self, keyspace: str | None) -> bool:
        return self._ended.is_set() or (keyspace is not None and self._live.keyspace != keyspace)

    def _consume(self, writer: Writer, keyspace: str) -> None:
        if self._done(keyspace):
            return
        handle = Projector(writer, self._projection).handle
        self._consumer = consumer = BatchConsumer(
            self._settings.kafka_address, self._name, TOPICS, handle, self._producer
        )
        watch = threading.Thread(target=self._watch, args=(keyspace, consumer), name="live-version", daemon=True)
        watch.start()
        consumer.run()

    def _watch(self, keyspace: str, consumer: BatchConsumer) -> None:
        while not self._done(keyspace):
            self._ended.wait(WATCH_S)
        if not self._ended.is_set():
            log.info("another version is live", keyspace=self._live.keyspace)
        consumer.stop()
