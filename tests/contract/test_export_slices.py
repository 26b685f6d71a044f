"""A slice when the broker does not do what it should: it stops, and says why."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from infra.contracts.slices import Slice
from infra.errors import UnavailableError
from infra.kafka import stretch


class Broker:
    """A consumer of one partition with the offsets 3 to 9, which gives what it is told to."""

    def __init__(self, *given: Any) -> None:
        self.given, self.closed = list(given), False

    def list_topics(self, timeout: float) -> Any:
        if self.given and isinstance(self.given[0], Exception):
            raise self.given.pop(0)
        return type("Metadata", (), {"topics": {"t": type("Topic", (), {"partitions": {0: None}})}})

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int] | None:
        return (3, 9)

    def offsets_for_times(self, wanted: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return [TopicPartition("t", 0, -1)]

    def poll(self, timeout: float) -> Any:
        return self.given.pop(0) if self.given else None

    def consume(self, count: int, timeout: float) -> list[Any]:
        return []

    def assign(self, partitions: Any) -> None:
        pass

    def pause(self, partitions: Any) -> None:
        pass

    def resume(self, partitions: Any) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class Heard:
    """A message, or an error in place of one."""

    def __init__(self, offset: int = 0, error: int | None = None) -> None:
        self._offset, self._error = offset, error

    def error(self) -> KafkaError | None:
        return None if self._error is None else KafkaError(self._error)

    def __getattr__(self, name: str) -> Any:
        known = {"topic": "t", "partition": 0, "offset": self._offset, "timestamp": (1, 0), "key": b"k", "value": b"v"}
        return lambda: known.get(name)


def listen(monkeypatch: pytest.MonkeyPatch, *given: Any, **options: Any) -> tuple[Broker, Slice]:
    broker = Broker(*given)
    monkeypatch.setattr(stretch, "Consumer", lambda _: broker)
    return broker, Slice("nowhere:1", "t", **options)


def test_a_gap_at_the_end_ends_the_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the last records are gone, as compaction leaves a topic
    broker, records = listen(monkeypatch, Heard(3), Heard(5), Heard(error=KafkaError._PARTITION_EOF))
    # then
    with records:
        assert [record.offset for record in records] == [3, 5]
    assert broker.closed


def test_a_record_without_a_value_is_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: tombstones, which confluent-kafka says are 0 long, and so false
    class Empty(Heard):
        def __len__(self) -> int:
            return 0

    _, records = listen(monkeypatch, Empty(3), Heard(4), Empty(8))
    # then
    with records:
        assert [record.offset for record in records] == [3, 4, 8]


def test_records_after_the_end_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _, records = listen(monkeypatch, Heard(8), Heard(9), Heard(10))
    with records:
        assert [record.offset for record in records] == [8]


def test_nothing_newer_than_since_is_nothing_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _, records = listen(monkeypatch, since_ms=5)
    with records:
        assert (list(records), records.total) == ([], 0)


def test_a_broker_that_falls_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "PATIENCE_S", 0.0)
    _, records = listen(monkeypatch, Heard(3))
    with records, pytest.raises(UnavailableError, match="Kafka has said nothing"):
        list(records)


def test_records_that_were_deleted_meanwhile_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _, records = listen(monkeypatch, Heard(error=KafkaError._AUTO_OFFSET_RESET))
    with records, pytest.raises(UnavailableError, match="did not go on with t"):
        list(records)


def test_a_batch_that_cannot_be_read_is_told_and_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a backup or an export that went on behind it would be taken for whole
    _, records = listen(monkeypatch, Heard(3), Heard(offset=4, error=KafkaError._BAD_MSG))
    with records, pytest.raises(UnavailableError, match="did not go on with t"):
        list(records)


def test_a_broker_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, records = listen(monkeypatch, KafkaException(KafkaError(KafkaError._TRANSPORT)))
    with pytest.raises(UnavailableError, match="Kafka does not answer"), records:
        pass
    assert broker.closed
