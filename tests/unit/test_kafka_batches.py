"""The shell of batch consumers while it waits: it leaves no record behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, TopicPartition

from infra.kafka import batches
from infra.kafka.batches import BatchConsumer
from infra.kafka.records import raw


class Tombstone:
    """A message without a value. confluent-kafka says that it is 0 long, and so it is false."""

    def __len__(self) -> int:
        return 0


class Client:
    """A consumer that hands on some messages."""

    def __init__(self, _config: dict[str, Any]) -> None:
        self.messages: Iterator[Any] = iter([Tombstone()])
        self.committed: dict[tuple[str, int], int] = {}

    def poll(self, timeout: float) -> Any:
        return next(self.messages, None)

    def consume(self, count: int, timeout: float) -> list[Any]:
        return list(self.messages)

    def commit(self, offsets: list[TopicPartition], *, asynchronous: bool) -> None:
        self.committed |= {(one.topic, one.partition): one.offset for one in offsets}

    def subscribe(self, *_: Any, **__: Any) -> None: ...

    def assignment(self) -> list[Any]:
        return []

    def pause(self, partitions: list[Any]) -> None: ...

    def resume(self, partitions: list[Any]) -> None: ...


def test_a_record_without_a_value_that_comes_while_it_waits_is_kept_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "Consumer", Client)
    monkeypatch.setattr(batches, "Unreadable", lambda *_: None)
    consumer = BatchConsumer("nowhere:1", "test", ["t"], lambda _records: None, producer=None)  # type: ignore[arg-type]
    # When it comes while what it needs is away
    consumer._idle(0.01)
    # Then it is not lost
    assert len(consumer._strays) == 1


RETRY = "projector.retry.1m"


class Message:
    """A record of a retry topic that is not due for a minute; or, with an error, what cannot be read behind it."""

    def __init__(self, offset: int, due_ms: int = 0, error: KafkaError | None = None) -> None:
        coordinates = {"topic": "prompts", "partition": 0, "offset": offset, "due_ms": due_ms}
        headers = [(f"dl_{name}", str(value).encode()) for name, value in coordinates.items()]
        said = {
            "topic": RETRY, "partition": 0, "offset": offset, "error": error, "key": b"k", "value": b"v",
            "headers": headers, "timestamp": (1, 1),
        }  # fmt: skip
        for name, answer in said.items():
            setattr(self, name, lambda answer=answer: answer)


class Skipping:
    """Knows that what cannot be read ends at 9."""

    def __init__(self, *_: Any) -> None: ...

    def skip(self, _message: Message) -> tuple[tuple[str, int], int]:
        return (RETRY, 0), 9


def test_what_cannot_be_read_is_not_passed_before_what_waits_in_front_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "Consumer", Client)
    monkeypatch.setattr(batches, "Unreadable", Skipping)
    handled: list[int] = []
    consumer: Any = BatchConsumer("nowhere:1", "projector", ["prompts"], handled.extend, producer=None)  # type: ignore[arg-type]
    # Given a record that is due in a minute, and one behind it that cannot be read
    later = int(time.time() * 1000) + 60_000
    consumer._consumer.messages = iter([Message(5, later), Message(6, error=KafkaError(KafkaError._BAD_MSG))])
    # When both are read
    for _ in range(2):
        consumer._step()
    # Then neither is passed: who is killed now reads them again
    assert consumer._consumer.committed == {} and len(consumer._delays) == 1


def test_a_clock_that_was_ahead_makes_no_retry_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "Consumer", Client)
    monkeypatch.setattr(batches, "Unreadable", Skipping)
    consumer: Any = BatchConsumer("nowhere:1", "projector", ["prompts"], lambda _: None, producer=None)  # type: ignore[arg-type]
    # When a record that waits a minute says that it is due in an hour, and one behind it in a minute
    now = int(time.time() * 1000)
    due = [consumer._due(raw(cast(Any, Message(at, now + s * 1000)))) for at, s in ((5, 3600), (6, 60))]
    # Then the first is due
    assert due == [True, False]


def test_what_was_done_when_it_was_told_to_stop_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "Consumer", Client)
    monkeypatch.setattr(batches, "Unreadable", Skipping)
    passed: dict[tuple[str, int], int] = {}
    consumer: Any = BatchConsumer("nowhere:1", "test", ["t"], lambda _: None, producer=None, passed=passed.update)  # type: ignore[arg-type]
    consumer._skipped = {("t", 0): 9}
    # When it is told to stop while that is in hand
    consumer.stop()
    consumer._pass([])
    # Then it does not come again
    assert consumer._consumer.committed == passed == {("t", 0): 9}
