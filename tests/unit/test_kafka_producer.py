"""The producer's promise: what counts as delivered is in the log."""

from __future__ import annotations

from typing import Any

import pytest

from infra.kafka import producer
from infra.kafka.producer import EventProducer


def test_a_delivery_is_never_taken_from_another_requests_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given what librdkafka is told
    told: dict[str, Any] = {}

    class Client:
        def __init__(self, config: dict[str, Any]) -> None:
            told.update(config)

        def poll(self, timeout: float) -> None: ...

        def flush(self, timeout: float) -> int:
            return 0

    monkeypatch.setattr(producer, "Producer", Client)
    EventProducer("nowhere:1", "test").close()
    # Then every record waits for its own acknowledgement: see confluent-kafka-go #921
    assert (told["acks"], told["enable.idempotence"], told["max.in.flight"]) == ("all", True, 1)
