"""The consumer that keeps the read model up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from infra.cassandra.session import Session
from infra.cassandra.versions import live_keyspace
from infra.errors import NotFoundError, UnavailableError
from infra.kafka.batches import BatchConsumer
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from infra.telemetry import logs
from query_api.projections.journal import current
from query_api.projections.positions import NAME, TOPICS
from query_api.projections.rewind import rewind
from query_api.projections.writing import Projector
from query_api.readmodel.cassandra import CassandraWriter, stored, writing
from query_api.readmodel.store import Writer

log = logs.get("projector")

#: Records that are projected at a time where so many wait: more rows of one partition then go in one mutation.
BATCH = 2_000
#: How often it is looked which version is live.
WATCH_S = 0.2


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
        self.filling = ""  #: the keyspace that is written into; none before the first
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
        projector = Projector(writer, self._projection)
        self._consumer = consumer = BatchConsumer(
            self._settings.kafka_address, self._name, TOPICS, projector.rows, self._producer,
            passed=projector.passed, size=BATCH,
        )  # fmt: skip
        self.filling = keyspace
        watch = threading.Thread(target=self._watch, args=(keyspace, consumer), name="live-version", daemon=True)
        watch.start()
        consumer.run()

    def _watch(self, keyspace: str, consumer: BatchConsumer) -> None:
        while not self._done(keyspace):
            self._ended.wait(WATCH_S)
        if not self._ended.is_set():
            log.info("another version is live", keyspace=self._live.keyspace)
        consumer.stop()
