"""The migration of the tables: makes the keyspace hold what `schemas/cql` says. Never drops anything."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from importlib.resources import files

from cassandra import OperationTimedOut, ReadFailure
from cassandra.cluster import Cluster
from cassandra.cluster import Session as DriverSession
from cassandra.metadata import IndexMetadata

from infra.cassandra.cluster import connected
from infra.cassandra.statements import script
from infra.cassandra.versions import spaces
from infra.errors import UnavailableError
from infra.settings import Settings

_KEYSPACE = """
CREATE KEYSPACE IF NOT EXISTS {keyspace}
WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}
"""

#: The name and the columns of a table, its primary key the last of them.
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*)\) WITH ")
_INDEX = "CREATE INDEX "


def apply_tables(settings: Settings, *, timeout: float = 60) -> list[str]:
    """Create what is missing, in every version; the names of the tables that were created.

    Idempotent. Raises UnavailableError.
    """
    with connected(settings, request_s=20, patience_s=timeout) as session:
        base = settings.keyspace
        made = _apply(session, settings, base, [*tables(), *tables("base")])
        later = sorted(space.name for space in spaces(session, base) if space.name != base)
        return made + [f"{name}.{table}" for name in later for table in _apply(session, settings, name, tables())]


def apply_version(settings: Settings, keyspace: str, *, indexes: bool = True, timeout: float = 60) -> list[str]:
    """The same for the keyspace of one version alone, made where it is missing. Raises UnavailableError.

    Without `indexes` it is for filling: they are made in one go when the tables are full, by the next call with them.
    """
    wanted = [statement for statement in tables() if indexes or not statement.startswith(_INDEX)]
    with connected(settings, request_s=20, patience_s=timeout) as session:
        return _apply(session, settings, keyspace, wanted)


def wait_for_indexes(settings: Settings, keyspace: str, *, timeout: float) -> None:
    """Until every node answers through each of them: a build goes on after its statement. Raises UnavailableError."""
    deadline = time.monotonic() + timeout
    with connected(settings, request_s=20, patience_s=timeout) as session:
        for index in session.cluster.metadata.keyspaces[keyspace].indexes.values():
            while not _answers(session, index):
                if time.monotonic() > deadline:
                    raise UnavailableError(f"The index {keyspace}.{index.name} was not built in {timeout:g} s.")
                time.sleep(0.2)


def _answers(session: DriverSession, index: IndexMetadata) -> bool:
    column, table = index.index_options["target"], f"{index.keyspace_name}.{index.table_name}"
    asked = f"SELECT {column} FROM {table} WHERE {column} = '' LIMIT 1"  # noqa: S608 - names of our own
    try:
        session.execute(asked)
    except (ReadFailure, OperationTimedOut):
        return False
    return True


def _apply(session: DriverSession, settings: Settings, keyspace: str, statements: Sequence[str]) -> list[str]:
    session.execute(_KEYSPACE.format(keyspace=keyspace, replication=settings.cassandra_replication))
    session.set_keyspace(keyspace)
    before = set(session.cluster.metadata.keyspaces[keyspace].tables)
    for statement in statements:
        for missing in _columns(statement, session.cluster, keyspace):
            session.execute(missing)
        session.execute(statement)
    return sorted(set(session.cluster.metadata.keyspaces[keyspace].tables) - before)


def _columns(statement: str, own: Cluster, keyspace: str) -> list[str]:
    """What adds the columns that a table of an earlier version does not have yet."""
    if (found := _TABLE.match(statement)) is None or found[1] not in own.metadata.keyspaces[keyspace].tables:
        return []
    known = own.metadata.keyspaces[keyspace].tables[found[1]].columns
    columns = [column.split() for column in found[2].split(" PRIMARY KEY (")[0].split(",") if column.strip()]
    return [f"ALTER TABLE {found[1]} ADD {name} {kind}" for name, kind, *_ in columns if name not in known]


def tables(part: str = "") -> list[str]:
    """The statements that make the tables of a version; `base`: of those that there are once."""
    folder = files("schemas") / "cql" / part
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".cql"))
    return [statement for name in names for statement in script((folder / name).read_text(encoding="utf-8"))]
