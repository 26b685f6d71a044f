"""Waiting for a broker that is not there yet."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from infra.kafka import waiting
from infra.kafka.waiting import PAUSE_S, wait_for_kafka


def test_it_asks_until_a_broker_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a broker that answers the third question
    answers = [
        KafkaException(KafkaError(KafkaError._TRANSPORT)),
        KafkaException(KafkaError(KafkaError._TIMED_OUT)),
        None,
    ]

    class Admin:
        def __init__(self, config: dict[str, object]) -> None:
            assert config["bootstrap.servers"] == "somewhere:1"

        def list_topics(self, timeout: float) -> None:
            if (answer := answers.pop(0)) is not None:
                raise answer

        def poll(self, timeout: float) -> None: ...

    monkeypatch.setattr(waiting, "AdminClient", Admin)
    slept: list[float] = []
    wait_for_kafka("somewhere:1", slept.append)
    assert slept == [PAUSE_S, PAUSE_S] and answers == []
