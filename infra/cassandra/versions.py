"""Versions of the tables: each in a keyspace of its own, and one row that says which of them is read."""

from __future__ import annotations

import re

from cassandra.cluster import Session as DriverSession
from cassandra.metadata import KeyspaceMetadata

from infra.errors import ConfigurationError
from infra.settings import Settings

#: As long as Cassandra allows.
_LONGEST = 48
_READ = "SELECT version FROM {base}.live_version WHERE projection = %s"


def keyspace_of(base: str, version: int) -> str:
    """The keyspace of a version: the first has the one that the settings name. Raises ConfigurationError."""
    name = base if version == 1 else f"{base}_v{version}"
    if len(name) > _LONGEST:
        raise ConfigurationError(
            f"The keyspace {name} would have a name of more than {_LONGEST} characters.",
            hint="Take a shorter SWIPESTREAM_KEYSPACE.",
        )
    return name


def version_of(base: str, keyspace: str) -> int | None:
    """The version that a keyspace holds; None where it is none of ours."""
    if keyspace == base:
        return 1
    found = re.fullmatch(rf"{re.escape(base)}_v([1-9][0-9]{{0,3}})", keyspace)
    return int(found[1]) if found else None


def of_version(settings: Settings, version: int) -> Settings:
    """The same settings for the tables of one version."""
    return settings.model_copy(update={"keyspace": keyspace_of(settings.keyspace, version)})


def spaces(session: DriverSession, base: str) -> list[KeyspaceMetadata]:
    """The keyspaces of every version that there is."""
    return [space for name, space in session.cluster.metadata.keyspaces.items() if version_of(base, name)]


def live_version(session: DriverSession, base: str) -> int:
    """The version that is read; the first where nobody decided otherwise. Raises what the driver raises."""
    row = session.execute(_READ.format(base=base), (base,)).one()
    return int(row["version"]) if row and row["version"] else 1


def live_keyspace(session: DriverSession, base: str) -> str:
    """The keyspace that is read. Raises what the driver raises."""
    return keyspace_of(base, live_version(session, base))
