"""Where Cassandra is away, the migration asks again until its time is over, and says why in one line."""

from __future__ import annotations

import time

import pytest

from infra.cassandra.migrate import apply_tables
from infra.errors import StoreAwayError
from infra.settings import Settings


def test_it_is_asked_more_than_once_and_then_told_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    begun = time.monotonic()

    with pytest.raises(StoreAwayError, match=r"127\.0\.0\.1:1: Connection refused"):
        apply_tables(Settings(cassandra="127.0.0.1:1"), timeout=0.8)

    assert time.monotonic() - begun >= 0.8
    assert caplog.text == ""


def test_a_name_without_an_address_is_away() -> None:
    """As that of a service whose pods are not ready yet."""
    with pytest.raises(StoreAwayError):
        apply_tables(Settings(cassandra="nobody.invalid:9042"), timeout=0.1)
