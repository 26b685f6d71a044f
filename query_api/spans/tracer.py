"""The consumer that hands the spans of events to a collector."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from infra.errors import UnavailableError
from infra.heartbeat import Heartbeat
from infra.kafka import trouble
from infra.kafka.batches import consumer_config
from infra.kafka.groups import commit
from infra.kafka.marks import marks
from infra.kafka.records import Received, raw
from infra.kafka.waiting import ANSWER_S, wait_for_kafka
from infra.telemetry import logs, metrics
from query_api.spans.otlp import Collector
from query_api.spans.span import Span, spans
from schemas.errors import DecodeError

log = logs.get("tracer")

#: The consumer group.
NAME = "tracer"
#: Swipes are not among them: they are too many, and nothing waits for one.
TOPICS = ("prompts", "project-events", "video-events")
#: Records of which spans are handed over together: some 100 kB, as proxies before collectors take 1 MB at most.
BATCH = 100
#: Seconds between tries while no collector answers, at most. After five minutes of them the group goes on without this
#: member; then it comes back, and reads again what it has not committed.
PAUSE_S = 30.0


class Tracer:
    """Begins with what is written after its first start; from then on no span is lost, and none is made twice, since a
    repeated one has the same id. While no collector answers, events wait in the log."""

    def __init__(self, bootstrap: str, collector: Collector, name: str = NAME) -> None:
        self._bootstrap, self._collector, self._name = bootstrap, collector, name
        self._stop, self._heartbeat = threading.Event(), Heartbeat(name)
        #: Set once it is settled where it begins.
        self.begun = threading.Event()
        self._consumer = Consumer(consumer_config(bootstrap, name))

    def stop(self) -> None:
        """End after the batch in hand. May be called from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> None:
        """Consume until `stop`. Leaves the group on the way out."""
        wait_for_kafka(self._bootstrap)
        try:
            self._begin()
            self._consumer.subscribe(list(TOPICS))
            with self._heartbeat:
                while not self._stop.is_set():
                    self._heartbeat.beat()
                    messages = self._consumer.consume(BATCH, 0.5)
                    if messages and self._handed_over(list(self._made(messages))):
                        self._commit()
        finally:
            self._consumer.close()
            self._collector.close()

    def _begin(self) -> None:
        """Settle where to begin: at the first start, at the end of every partition. Of those that are added later, or
        that had nothing to tell before a restart, nothing is passed over."""
        while not self._stop.is_set():
            try:
                return self._settle()
            except (KafkaException, TimeoutError) as error:  # such as a partition that has no leader yet
                log.warning("waiting", why=str(error))
                self._stop.wait(1)

    def _settle(self) -> None:
        known = self._consumer.list_topics(timeout=ANSWER_S).topics
        places = [
            TopicPartition(topic, number) for topic in TOPICS if topic in known for number in known[topic].partitions
        ]
        if all(place.offset < 0 for place in self._consumer.committed(places, timeout=ANSWER_S)):
            ends = {(one.topic, one.partition): self._end(one) for one in places}
            commit(self._bootstrap, self._name, ends)
        self.begun.set()

    def _end(self, place: TopicPartition) -> int:
        return marks(self._consumer, place)[1]

    def _made(self, messages: Sequence[Message]) -> Iterator[Span]:
        for message in messages:
            if (error := message.error()) is not None:
                trouble.note(error, message.topic())
                continue
            record = raw(message)
            try:
                received = Received(raw=record, envelope=record.decode())
            except DecodeError as unreadable:
                log.debug("no span of an unreadable record", why=str(unreadable))  # the projector puts it aside
                continue
            metrics.HANDLED.labels(consumer=self._name, type=received.envelope.type).inc()
            yield from spans(received)

    def _handed_over(self, made: Sequence[Span]) -> bool:
        """False where `stop` came first: nothing is committed then."""
        pause = 1.0
        while not self._stop.is_set():
            self._heartbeat.beat()
            try:
                self._collector.take(made)
                return True
            except UnavailableError as error:
                log.warning("waiting", why=str(error), retry_in_s=pause)
                self._stop.wait(pause)
                pause = min(pause * 2, PAUSE_S)
        return False

    def _commit(self) -> None:
        try:
            with self._heartbeat.resting():
                self._consumer.commit(asynchronous=False)
        except KafkaException as error:
            log.warning("commit failed", error=str(error))  # they come again, as the same spans
