"""The whole system, started once for all acceptance tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from infra.supervisor.private import PrivateSystem, private_system


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSystem]:
    """All of `swipestream up`, with stores of its own: those that the other tests share are full of their records.

    Stores named in the environment are used instead.
    """
    names = ("KAFKA", "CASSANDRA")
    given = {name: value for name in names if (value := os.environ.get(f"SWIPESTREAM_{name}"))}
    with private_system(tmp_path_factory.mktemp("system"), KEYSPACE="acceptance", **given) as running:
        yield running
