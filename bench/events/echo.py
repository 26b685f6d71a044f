"""`python -m bench.events.echo BOOTSTRAP`: a bare hop. Answers each swipe with one record that names it."""

from __future__ import annotations

import os
import sys
from typing import cast

from confluent_kafka import Consumer, Producer


def main() -> None:
    """Until it is ended."""
    # Ended by a signal it does not leave its group: each has one of its own.
    own = {"group.id": f"bench-echo-{os.getpid()}", "auto.offset.reset": "earliest"}
    consumer = Consumer({"bootstrap.servers": sys.argv[1], **own})
    producer = Producer({"bootstrap.servers": sys.argv[1], "enable.idempotence": True, "acks": "all", "linger.ms": 1})
    consumer.subscribe(["swipes"])
    while True:
        message = consumer.poll(1.0)
        if message is not None and message.error() is None:
            cause = dict(cast(list[tuple[str, bytes]], message.headers()))["ce_id"]
            producer.produce("feed-events", message.value(), message.key(), headers={"ce_causationid": cause})
        producer.poll(0)


if __name__ == "__main__":
    main()
