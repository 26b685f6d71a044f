"""What a client tells in place of a record; and what it does not recover from by itself."""

from __future__ import annotations

from confluent_kafka import KafkaError

from infra.ending import drain
from infra.telemetry import logs

log = logs.get("kafka")

#: How librdkafka begins to tell that it could not ask where the partitions that it was given begin.
_UNASKED = "Failed to fetch committed offsets"


def note(error: KafkaError, topic: str | None) -> None:
    """Log it; end the process where partitions were assigned that would never be read.

    A broker that has just come back may refuse to tell the committed offsets. librdkafka asks once: what it was
    assigned is then neither read nor given back to anybody, while its heartbeats go on (librdkafka #5586, open; seen
    with 2.16 by the chaos test, seed 10). A new process asks anew.
    """
    log.warning("kafka", error=error.str(), topic=topic)
    if error.str().startswith(_UNASKED):
        log.error("partitions that would never be read: starting anew")
        drain()
