"""The shell of batch consumers while it waits: it leaves no record behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from infra.kafka import batches
from infra.kafka.batches import BatchConsumer


class Tombstone:
    """A message without a value. confluent-kafka says that it is 0 long, and so it is false."""

    def __len__(self) -> int:
        return 0


class Client:
    """A consumer that hands on one message."""

    def __init__(self, _config: dict[str, Any]) -> None:
        self.messages: Iterator[Any] = iter([Tombstone()])

    def poll(self, timeout: float) -> Any:
        return next(self.messages, None)

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
