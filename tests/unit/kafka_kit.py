"""librdkafka's own mock broker, for tests of one client: no JVM, no groups."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, Message, Producer, TopicPartition


@contextmanager
def mock_broker(rtt_s: float = 0.0) -> Iterator[str]:
    """Its address. It is there for as long as the client that asked for it; topics appear when they are asked for.

    Each of its answers takes `rtt_s`.
    """
    slow = {"test.mock.broker.rtt": int(1000 * rtt_s)}
    producer = Producer({"bootstrap.servers": "unused:1", "test.mock.num.brokers": 1, "log_level": 0} | slow)
    brokers = producer.list_topics(timeout=5).brokers.values()
    yield ",".join(f"{one.host}:{one.port}" for one in brokers)
    producer.flush(1)


def first(bootstrap: str, topic: str, timeout: float = 10.0) -> Message:
    """The first record of a topic. Raises TimeoutError."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "log_level": 0})
    try:
        parts = consumer.list_topics(topic, timeout=5).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in parts])
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            # Not `if message`: one without a value is false.
            if (message := consumer.poll(0.2)) is not None and not message.error():
                return message
        raise TimeoutError(f"nothing came to {topic}")
    finally:
        consumer.close()
