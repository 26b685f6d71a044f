"""`python -m bench.events.bare BOOTSTRAP TOPIC COUNT`: a consumer that looks at nothing, the limit of any."""

from __future__ import annotations

import sys

from confluent_kafka import Consumer

from bench.events.timing import Stopwatch


def main() -> None:
    """Read COUNT records, then tell."""
    bootstrap, topic, count = sys.argv[1:]
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-bare", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False})  # fmt: skip
    consumer.subscribe([topic])
    watch, done = Stopwatch(int(count)), 0
    while not watch.saw(done):
        done += sum(message.error() is None for message in consumer.consume(1000, 1.0))
    watch.tell()
    consumer.close()


if __name__ == "__main__":
    main()
