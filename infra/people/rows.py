"""What the views hold of one viewer: every table, of whatever version, whose partitions are viewers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cassandra.cluster import Session as DriverSession
from cassandra.metadata import KeyspaceMetadata

from infra.cassandra.cluster import connected
from infra.cassandra.versions import spaces
from infra.settings import Settings
from schemas.viewers import ViewerForgotten

#: Weeks count from the epoch (see schemas/cql/feeds.cql).
WEEK_US = 604_800_000_000
_COUNT = "SELECT count(*) AS count FROM {table} WHERE {column} = %s"
_DELETE = "DELETE FROM {table} USING TIMESTAMP %s WHERE {column} = %s"


#: What a viewer is called where they are the partition.
_NAMES = ("viewer_id", "owner")


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    column: str
    weekly: bool


def weeks(event: ViewerForgotten) -> range:
    """The weeks in which anything may stand."""
    return range(event.since_us // WEEK_US, event.until_us // WEEK_US + 1)


def count(settings: Settings, event: ViewerForgotten) -> dict[str, int]:
    """Rows by table. Raises UnavailableError."""
    with _session(settings) as (session, tables):
        return {
            table.name: sum(session.execute(text, values).one()["count"] for text, values in _each(table, event))
            for table in tables
        }


def erase(settings: Settings, event: ViewerForgotten) -> None:
    """Delete whatever is stamped up to `until_us`, in every table. Raises UnavailableError."""
    with _session(settings) as (session, tables):
        for table in tables:
            for text, values in _each(table, event, _DELETE, event.until_us):
                session.execute(text, values)


def _each(
    table: _Table, event: ViewerForgotten, what: str = _COUNT, *values: int
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    text = what.format(table=table.name, column=table.column)
    if not table.weekly:
        yield text, (*values, event.viewer_id)
        return
    for week in weeks(event):
        yield text + " AND week = %s", (*values, event.viewer_id, week)


@contextmanager
def _session(settings: Settings) -> Iterator[tuple[DriverSession, list[_Table]]]:
    with connected(settings, request_s=20) as session:
        yield session, [table for space in spaces(session, settings.keyspace) for table in _tables(space)]


def _tables(space: KeyspaceMetadata) -> list[_Table]:
    keys = {name: [column.name for column in table.partition_key] for name, table in space.tables.items()}
    return [
        _Table(f"{space.name}.{name}", columns[0], weekly=len(columns) == 2)
        for name, columns in sorted(keys.items())
        if columns[0] in _NAMES and columns[1:] in ([], ["week"])
    ]
