"""How to tell that a part serves: plain data, so that it can be stored and asked again by another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra.stack import ports, probes

_ASK = {
    "kafka": probes.kafka_answers,
    "cassandra": probes.cassandra_answers,
    "http": probes.http_answers,
    "tcp": ports.accepts,
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: `host:port` for kafka, cassandra and tcp, a URL for http."""

    kind: Literal["kafka", "cassandra", "http", "tcp"]
    target: str

    def answers(self, timeout: float = 1.0) -> bool:
        """Whether it serves now; blocks for at most about `timeout` seconds."""
        return _ASK[self.kind](self.target, timeout)
