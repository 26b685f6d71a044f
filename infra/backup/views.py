"""The views in Cassandra, which tell of a log that a restore replaces: are there any, and away with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cassandra.cluster import Session as DriverSession

from infra.cassandra.cluster import connected
from infra.cassandra.versions import spaces
from infra.settings import Settings

#: Which version is read is an operator's decision, and stays.
_STAYS = "live_version"


def occupied(settings: Settings) -> list[str]:
    """The tables that hold anything, of every version. Raises UnavailableError."""
    with _session(settings) as (session, names):
        return [name for name in names if session.execute(f"SELECT * FROM {name} LIMIT 1").one()]  # noqa: S608


def clear(settings: Settings) -> list[str]:
    """Empty every table, tombstones and all: rows of a restored log may be older than what was deleted."""
    with _session(settings) as (session, names):
        for name in names:
            session.execute(f"TRUNCATE {name}", timeout=60)
        return names


@contextmanager
def _session(settings: Settings) -> Iterator[tuple[DriverSession, list[str]]]:
    """A session, and the names of all tables with their keyspaces."""
    with connected(settings, request_s=20) as session:
        found = ((space.name, name) for space in spaces(session, settings.keyspace) for name in space.tables)
        yield session, sorted(f"{space}.{name}" for space, name in found if name != _STAYS)
