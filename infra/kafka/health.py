"""Whether a broker answers, told by the client library itself."""

from __future__ import annotations

import json
from typing import Any

from confluent_kafka import KafkaError

from infra.kafka.refusals import heard

#: Broker states of librdkafka in which requests are answered (STATISTICS.md, "brokers").
_ANSWERING = frozenset({"UP", "UPDATE"})


class Health:
    """Listens to a client's statistics and errors. `config()` goes into the client's settings.

    The callbacks run in the thread that polls the client, and only while it polls.
    """

    def __init__(self) -> None:
        self.up = False

    def config(self) -> dict[str, Any]:
        """The settings that make a client report here."""
        return {"stats_cb": self._stats, "statistics.interval.ms": 1000, "error_cb": self._error}

    def seen(self) -> None:
        """A broker has just answered."""
        self.up = True

    def _stats(self, text: str) -> None:
        self.up = any(broker["state"] in _ANSWERING for broker in json.loads(text)["brokers"].values())

    def _error(self, error: KafkaError) -> None:
        heard(error)
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self.up = False
