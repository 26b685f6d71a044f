"""Whole tables of one version, a range of tokens at a time; and single rows by their key. Blocking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from cassandra.cluster import Session as DriverSession
from cassandra.query import PreparedStatement

from infra.cassandra.cluster import connected, trouble
from infra.settings import Settings
from query_api.readmodel.store import Row
from query_api.readmodel.tables import KEYS, Value

#: Murmur3 tokens: a key never has the first one, so ranges are open below and closed above.
FIRST, LAST = -(2**63), 2**63 - 1
_PAGE, _PATIENCE_S = 500, 60.0

Key = tuple[Value, ...]


class Rows(Protocol):
    """The rows of one version."""

    def scan(self, table: str, after: int, until: int) -> Iterator[Row]:
        """Those whose partition's token lies in `(after, until]`. Raises UnavailableError."""
        ...

    def row(self, table: str, key: Key) -> Row | None:
        """One row. Raises UnavailableError."""
        ...

    def partition(self, table: str, key: Key) -> Sequence[Row]:
        """The rows of one partition. Raises UnavailableError."""
        ...


class CassandraRows:
    """The rows in one keyspace."""

    def __init__(self, session: DriverSession, keyspace: str) -> None:
        self._session, self._keyspace = session, keyspace
        self._prepared: dict[str, PreparedStatement] = {}

    def scan(self, table: str, after: int, until: int) -> Iterator[Row]:
        """A page at a time, so that memory stays small whatever the table holds."""
        token = f"token({', '.join(KEYS[table][0])})"
        yield from self._ask(table, f"{token} > ? AND {token} <= ?", (after, until))

    def row(self, table: str, key: Key) -> Row | None:
        partition, clustering = KEYS[table]
        found = self._ask(table, " AND ".join(f"{name} = ?" for name in (*partition, *clustering)), key)
        return next(found, None)

    def partition(self, table: str, key: Key) -> Sequence[Row]:
        return list(self._ask(table, " AND ".join(f"{name} = ?" for name in KEYS[table][0]), key))

    def _ask(self, table: str, condition: str, values: Sequence[Value]) -> Iterator[Row]:
        text = f"SELECT * FROM {self._keyspace}.{table} WHERE {condition}"  # noqa: S608 - names of ours alone
        try:
            if (statement := self._prepared.get(text)) is None:
                statement = self._prepared[text] = self._session.prepare(text)
                statement.fetch_size = _PAGE
            yield from self._session.execute(statement, values, timeout=_PATIENCE_S)
        except Exception as error:
            raise trouble(error) from error


@contextmanager
def scanning(settings: Settings) -> Iterator[CassandraRows]:
    """The rows in the keyspace of these settings. Raises UnavailableError."""
    with connected(settings, request_s=_PATIENCE_S) as session:
        yield CassandraRows(session, settings.keyspace)
