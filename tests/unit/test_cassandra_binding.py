"""Our binding does what the driver's does, and refuses what it refuses."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from cassandra.cqltypes import BooleanType, DoubleType, Int32Type, LongType, UTF8Type
from cassandra.protocol import ColumnMetadata
from cassandra.query import PreparedStatement
from hypothesis import given
from hypothesis import strategies as st

from infra.cassandra.binding import Binder

COLUMNS = {"who": UTF8Type, "week": Int32Type, "at": LongType, "liked": BooleanType, "weight": DoubleType}
PREPARED = PreparedStatement(
    [ColumnMetadata("ks", "t", name, kind) for name, kind in COLUMNS.items()],
    b"id", [0, 1], "INSERT …", "ks", 4, None, None,
)  # fmt: skip
BINDER = Binder(PREPARED)
KEY = {"who": "anna", "week": 7}

cells = st.fixed_dictionaries(
    {"who": st.text(), "week": st.integers(-(2**31), 2**31 - 1)},
    optional={
        "at": st.integers(-(2**63), 2**63 - 1) | st.none(),
        "liked": st.booleans(),
        "weight": st.floats(allow_nan=False),
    },
)


@given(values=cells)
def test_it_binds_what_the_driver_binds(values: dict[str, Any]) -> None:
    ours, theirs = BINDER.bind(values), PREPARED.bind(values)
    assert ours.values == theirs.values
    assert ours.routing_key == theirs.routing_key and ours.keyspace == theirs.keyspace


def test_names_that_it_does_not_know_are_ignored() -> None:
    assert BINDER.bind(KEY | {"more": 1}).values == BINDER.bind(KEY).values


@pytest.mark.parametrize("values", [{"at": 2**63}, {"who": 1}, {"liked": object(), "week": "x"}])
def test_a_value_that_does_not_fit_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises((struct.error, TypeError, AttributeError)):
        BINDER.bind(KEY | values)


def test_a_key_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="week is a part of the key"):
        BINDER.bind({"who": "anna"})
