"""The whole system, started once for all acceptance tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.stack import Stack
from infra.supervisor.private import PrivateSystem, private_system


@pytest.fixture(scope="session")
def system(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSystem]:
    """Every part but the stores, over the real Kafka and Cassandra that all tests share."""
    folder = tmp_path_factory.mktemp("system")
    with private_system(folder, KAFKA=stack.kafka, CASSANDRA=stack.cassandra, KEYSPACE="acceptance") as running:
        yield running
