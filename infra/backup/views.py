"""The views in Cassandra, which tell of a log that a restore replaces: are there any, and away with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cassandra.cluster import NoHostAvailable
from cassandra.cluster import Session as DriverSession

from infra.cassandra.cluster import cluster
from infra.cassandra.session import trouble
from infra.errors import UnavailableError
from infra.settings import Settings


def occupied(settings: Settings) -> list[str]:
    """The tables that hold anything. Raises UnavailableError."""
    with _session(settings) as (session, names):
        return [name for name in names if session.execute(f'SELECT * FROM "{name}" LIMIT 1').one()]  # noqa: S608


def clear(settings: Settings) -> list[str]:
    """Empty every table, tombstones and all: rows of a restored log may be older than what was deleted."""
    with _session(settings) as (session, names):
        for name in names:
            session.execute(f'TRUNCATE "{name}"', timeout=60)
        return names


@contextmanager
def _session(settings: Settings) -> Iterator[tuple[DriverSession, list[str]]]:
    """A session in the keyspace, and the names of its tables; none where there is no keyspace yet."""
    own = cluster(settings, request_s=20)
    try:
        session = own.connect()
        known = own.metadata.keyspaces.get(settings.keyspace)
        if known is not None:
            session.set_keyspace(settings.keyspace)
        yield session, sorted(known.tables) if known is not None else []
    except NoHostAvailable as error:
        raise UnavailableError(
            f"Cassandra does not answer: {trouble(error)}", hint="Start it: swipestream up --stores."
        ) from error
    finally:
        own.shutdown()
