"""A stretch of the log is read to its end, also where a partition has to be asked for once more."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Consumer, Producer

from infra.errors import UnavailableError
from infra.kafka import stretch
from infra.kafka.stretch import Stretch
from tests.unit.kafka_kit import mock_broker

RECORDS = 40


class Deaf:
    """A consumer that hears nothing of its first so many assignments."""

    def __init__(self, consumer: Consumer, assignments: int) -> None:
        self._consumer, self._left = consumer, assignments

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def assign(self, places: Any) -> None:
        self._left -= 1
        self._consumer.assign(places)

    def poll(self, timeout: float) -> Any:
        message = self._consumer.poll(min(timeout, 0.1))
        return None if self._left >= 0 else message


def produce(bootstrap: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(RECORDS):
        producer.produce("prompts", str(number).encode(), partition=number % 2)
    producer.flush(5)


@pytest.mark.parametrize("deaf", [0, 1, 2])
def test_every_record_is_read_once_however_often_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, deaf: int) -> None:
    monkeypatch.setattr(stretch, "AGAIN_S", 0.3)
    with mock_broker() as bootstrap:
        produce(bootstrap)
        with Stretch(bootstrap) as log:
            log._consumer = Deaf(log._consumer, deaf)  # type: ignore[assignment]
            ranges = log.ranges(["prompts"])
            # twice: what is asked for again was paused where it ended
            for _ in range(2):
                read = [record.value for piece in log.read(ranges, 7) for record in piece.records]
                assert sorted(read, key=lambda value: int(value or b"")) == [str(n).encode() for n in range(RECORDS)]


def test_who_is_never_answered_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "AGAIN_S", 0.3)
    monkeypatch.setattr(stretch, "PATIENCE_S", 1.0)
    with mock_broker() as bootstrap:
        produce(bootstrap)
        with Stretch(bootstrap) as log:
            log._consumer = Deaf(log._consumer, 100)  # type: ignore[assignment]
            with pytest.raises(UnavailableError, match="nothing for 1 s"):
                list(log.read(log.ranges(["prompts"])))
