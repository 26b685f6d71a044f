"""What is done to versions of the tables: letting everyone read one, and taking one away."""

from __future__ import annotations

from infra.cassandra.cluster import connected
from infra.cassandra.migrate import tables
from infra.cassandra.versions import keyspace_of
from infra.settings import Settings

_POINT = "INSERT INTO {base}.live_version (projection, version) VALUES (%s, %s) USING TIMESTAMP %s"
#: Dropping waits for a snapshot and for every node.
_DROP_S = 60.0


def point(settings: Settings, version: int, ts_us: int) -> None:
    """Let everyone read this version, unless a later decision is there already. Raises UnavailableError."""
    with connected(settings, request_s=_DROP_S) as session:
        session.execute(_POINT.format(base=settings.keyspace), (settings.keyspace, version, ts_us))


def drop(settings: Settings, version: int) -> None:
    """Take away the rows of a version; of any but the first, the keyspace too. Idempotent. Raises UnavailableError."""
    keyspace = keyspace_of(settings.keyspace, version)
    with connected(settings, request_s=_DROP_S) as session:
        if version != 1:
            session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")
            return
        # The first one's keyspace holds what there is once, too: which version is read, for one.
        for statement in tables():
            if statement.startswith("CREATE TABLE"):
                session.execute(f"TRUNCATE {keyspace}.{statement.split('(')[0].split()[-1]}")
