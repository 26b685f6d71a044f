"""What several tests of one client of Kafka need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.kafka.producer import EventProducer
from tests.unit.kafka_kit import mock_broker


@pytest.fixture
def bootstrap() -> Iterator[str]:
    with mock_broker() as address:
        yield address


@pytest.fixture
def sender(bootstrap: str) -> Iterator[EventProducer]:
    sender = EventProducer(bootstrap, "test")
    yield sender
    sender.close()
