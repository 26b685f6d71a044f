"""Statements in files, addresses, and what the driver must not do."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from cassandra import OperationTimedOut
from cassandra.cluster import NoHostAvailable
from cassandra.io.libevreactor import LibevConnection

from infra.cassandra.cluster import addresses, cluster, trouble
from infra.cassandra.migrate import tables
from infra.cassandra.session import Session
from infra.cassandra.statements import load, named, script
from infra.errors import UnavailableError
from infra.settings import Settings
from query_api.readmodel import cassandra
from query_api.readmodel.cassandra import BATCH_BYTES, BATCH_ROWS, IN_FLIGHT, _chunks, _Flight
from query_api.readmodel.tables import KEYS, RETENTION_S, Write

HERE = files("query_api.readmodel")


def test_statements_have_names_and_comments_do_not_matter() -> None:
    text = "-- about\n-- name: one\nSELECT a -- what\nFROM t;\n\n-- name: two\nSELECT b FROM t\n"
    assert named(text) == {"one": "SELECT a FROM t", "two": "SELECT b FROM t"}


def test_a_name_must_not_be_given_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        named("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;")


def test_a_script_is_split_at_its_semicolons() -> None:
    assert script("-- a; b\nCREATE a;\nCREATE\n  b;\n") == ["CREATE a", "CREATE b"]


def writes() -> dict[str, str]:
    """The statements that write rows, by table; those that erase partitions have names of their own."""
    return {name: text for name, text in load(HERE / "write.cql").items() if not name.startswith("erase_")}


def test_what_erases_a_partition_is_stamped_too() -> None:
    erasing = {name: text for name, text in load(HERE / "write.cql").items() if name.startswith("erase_")}
    assert erasing and {name.removeprefix("erase_") for name in erasing} <= set(KEYS)
    assert all(text.startswith("DELETE FROM") and "USING TIMESTAMP :stamp" in text for text in erasing.values())


def test_every_table_has_one_write_that_is_stamped_and_expires_when_it_should() -> None:
    statements = writes()
    assert set(statements) == set(KEYS)
    for name, text in statements.items():
        assert "USING TIMESTAMP :stamp" in text
        assert (":ttl_s" in text) == (name in RETENTION_S)


def test_writes_bind_every_column_by_its_own_name() -> None:
    for text in writes().values():
        columns, bound = re.findall(r"\((.*?)\)", text)
        assert [f":{column.strip()}" for column in columns.split(",")] == [one.strip() for one in bound.split(",")]


def test_tables_and_statements_know_the_same_columns_and_keys() -> None:
    made = {
        match[1]: match[2]
        for text in tables()
        if (match := re.match(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*)\)", text))
    }
    for name, text in writes().items():
        body = made[name]
        declared = set(re.findall(r"(\w+) (?:text|int|bigint|double|boolean)\b", body))
        assert declared == {column.strip() for column in re.findall(r"\((.*?)\)", text)[0].split(",")}


def test_no_statement_uses_a_transaction_a_counter_or_a_filter() -> None:
    texts = [*tables(), *load(HERE / "write.cql").values(), *load(HERE / "read.cql").values()]
    for text in texts:
        assert not re.search(r"\bIF\b(?! NOT EXISTS \w+ (\(|ON ))|counter|ALLOW FILTERING", text)


def test_addresses_have_a_port_or_the_usual_one() -> None:
    assert addresses("a:1, b,") == [("a", 1), ("b", 9042)]


def test_protocol_and_reactor_are_pinned_because_version_5_loses_bytes() -> None:
    own = cluster(Settings(cassandra="127.0.0.1:1"), request_s=1)
    assert own.protocol_version == 4 and own.connection_class is LibevConnection
    own.shutdown()


def test_a_session_without_a_cluster_says_so_at_once() -> None:
    session = Session(Settings(cassandra="127.0.0.1:1"), {"one": "SELECT 1"})
    with pytest.raises(UnavailableError):
        session.bind("one", {})
    with pytest.raises(UnavailableError):
        session.wait(0.01)
    session.close()


def test_what_the_cluster_is_to_blame_for_can_be_tried_again() -> None:
    assert isinstance(trouble(NoHostAvailable("x", {})), UnavailableError)
    assert isinstance(trouble(OperationTimedOut()), UnavailableError)
    error = ValueError("ours")
    assert trouble(error) is error


def test_batches_are_bounded_in_rows_and_bytes() -> None:
    small = [Write("videos", {"video_id": "v", "revision": n}, n) for n in range(2 * BATCH_ROWS + 10)]
    assert [len(chunk) for chunk in _chunks(small)] == [BATCH_ROWS, BATCH_ROWS, 10]
    large = [
        Write("videos", {"video_id": "v", "revision": n, "script": "x" * (BATCH_BYTES - 500)}, n) for n in range(3)
    ]
    assert [len(chunk) for chunk in _chunks(large)] == [1, 1, 1]
    huge = [Write("videos", {"video_id": "v", "revision": 1, "script": "x" * (BATCH_BYTES * 2)}, 1)]
    assert [len(chunk) for chunk in _chunks(huge)] == [1]


def test_a_write_that_never_ends_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cassandra, "LONGEST_S", 0.05)
    # given writes of which one is never heard of again
    flight = _Flight()
    for _ in range(IN_FLIGHT):
        flight.take_off()
    for _ in range(IN_FLIGHT - 1):
        flight.land(None)
    # then nobody waits for it for ever
    with pytest.raises(UnavailableError, match="has not ended"):
        flight.finish()
