"""The migration of the tables: makes the keyspace hold what `schemas/cql` says. Never drops anything."""

from __future__ import annotations

import time
from importlib.resources import files

from cassandra.cluster import Cluster, NoHostAvailable
from cassandra.cluster import Session as DriverSession

from infra.cassandra.cluster import cluster
from infra.cassandra.session import trouble
from infra.cassandra.statements import script
from infra.errors import UnavailableError
from infra.settings import Settings

_KEYSPACE = """
CREATE KEYSPACE IF NOT EXISTS {keyspace}
WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}
"""


def apply_tables(settings: Settings, *, timeout: float = 60) -> list[str]:
    """Create what is missing; the names of the tables that were created. Idempotent. Raises UnavailableError."""
    own = cluster(settings, request_s=20)
    try:
        return _apply(_connect(own, timeout), own, settings)
    finally:
        own.shutdown()


def _apply(session: DriverSession, own: Cluster, settings: Settings) -> list[str]:
    session.execute(_KEYSPACE.format(keyspace=settings.keyspace, replication=settings.cassandra_replication))
    session.set_keyspace(settings.keyspace)
    before = set(own.metadata.keyspaces[settings.keyspace].tables)
    for statement in tables():
        session.execute(statement)
    return sorted(set(own.metadata.keyspaces[settings.keyspace].tables) - before)


def tables() -> list[str]:
    """The statements that make the tables."""
    folder = files("schemas") / "cql"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".cql"))
    return [statement for name in names for statement in script((folder / name).read_text(encoding="utf-8"))]


def _connect(own: Cluster, timeout: float) -> DriverSession:
    deadline = time.monotonic() + timeout
    while True:
        try:
            return own.connect()
        except NoHostAvailable as error:
            if time.monotonic() > deadline:
                raise UnavailableError(f"Cassandra does not answer: {trouble(error)}") from error
            time.sleep(0.5)
