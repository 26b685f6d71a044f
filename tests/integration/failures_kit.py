"""Topics of one's own, and records on them, for tests of what becomes of failures."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from infra.kafka.marks import marks
from infra.kafka.producer import EventProducer
from infra.kafka.records import raw
from infra.kafka.trials import fields
from schemas.codec import encode
from schemas.envelope import root
from schemas.prompts import PromptSubmitted
from schemas.topics import TOPICS, Topic, dead_topic, retry_topic
from schemas.values import Lane, Origin

#: Tiers that a test can wait for.
QUICK = {"10s": 0.4, "1m": 0.6, "10m": 0.8}


class Shell(Protocol):
    """A consumer shell."""

    def run(self) -> None:
        """Consume until stop."""

    def stop(self) -> None:
        """End."""


@contextmanager
def consumer_with_topics(bootstrap: str, partitions: int = 2) -> Iterator[tuple[str, str]]:
    """A source topic for records of any family, and the name of a consumer with retry topics and dead letters."""
    source = f"failures-{uuid.uuid4().hex[:8]}"
    name = f"{source}-reader"
    names = [source, *(retry_topic(name, tier) for tier in ("now", *QUICK))]
    wanted = [*(NewTopic(topic, partitions, 1) for topic in names), NewTopic(dead_topic(name), 1, 1)]
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    for future in admin.create_topics(wanted).values():
        future.result(30)
    TOPICS[source] = Topic(name=source, family="", key="any", holds="a test")
    try:
        yield source, name
    finally:
        del TOPICS[source]


def put(producer: EventProducer, topic: str, *texts: str, key: str | None = None) -> None:
    """Prompts as records of any topic, in order."""
    for text in texts:
        video = str(uuid.uuid5(uuid.NAMESPACE_OID, key or text))
        data = PromptSubmitted(video_id=video, text=text, origin=Origin.PERSON, lane=Lane.INTERACTIVE, ts_us=1)
        record = encode(root(data, source="/test"), "prompts")
        producer.send_raw(topic, record.key, record.value, record.headers).result(30)


@contextmanager
def running(shell: Shell, within_s: float = 15) -> Iterator[None]:
    """A shell in a thread; it must stop within that time."""
    thread = threading.Thread(target=shell.run)
    thread.start()
    try:
        yield
    finally:
        shell.stop()
        thread.join(within_s)
        assert not thread.is_alive()


def until(done: Callable[[], bool], timeout: float = 40) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + timeout
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def letters(bootstrap: str, name: str, timeout: float = 1.0) -> list[dict[str, str]]:
    """What the dead letters of a consumer say about themselves."""
    return [fields(raw(message)) for message in read_all(bootstrap, dead_topic(name), timeout)]


def read_all(bootstrap: str, topic: str, timeout: float = 1.0, partitions: Sequence[int] = (0,)) -> list[Message]:
    """Everything on a topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False})
    found: list[Message] = []
    try:
        ends = {number: marks(consumer, TopicPartition(topic, number))[1] for number in partitions}
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        deadline = time.monotonic() + 20
        while len(found) < sum(ends.values()) and time.monotonic() < deadline:
            found += [message for message in consumer.consume(100, timeout) if not message.error()]
    finally:
        consumer.close()
    return found
