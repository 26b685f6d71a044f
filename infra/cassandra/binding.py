"""Binding by name, as the driver does it, in a fraction of the time: columns are looked up once, not for every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cassandra.query import UNSET_VALUE, BoundStatement, PreparedStatement

Serialize = Callable[[Any, int], bytes]


class Binder:
    """Binds values to one prepared statement. Thread-safe.

    Columns that are left out stay as they are; names that the statement does not have are ignored. Raises what the
    driver's types raise for a value that they cannot hold, and ValueError where a part of the partition key is missing.
    """

    def __init__(self, prepared: PreparedStatement) -> None:
        self._prepared, self._version = prepared, prepared.protocol_version
        self._places: dict[str, list[tuple[int, Serialize]]] = {}
        for index, column in enumerate(prepared.column_metadata):
            self._places.setdefault(column.name, []).append((index, column.type.serialize))
        self._unset = [UNSET_VALUE] * len(prepared.column_metadata)
        self._key = tuple(prepared.routing_key_indexes or ())

    def bind(self, values: Mapping[str, Any]) -> BoundStatement:
        """A statement with its values."""
        bound, cells = BoundStatement(self._prepared), self._unset.copy()
        for name, value in values.items():
            for index, serialize in self._places.get(name, ()):
                cells[index] = None if value is None else serialize(value, self._version)
        for index in self._key:
            if cells[index] is UNSET_VALUE:
                raise ValueError(f"{self._prepared.column_metadata[index].name} is a part of the key and has no value")
        bound.values = bound.raw_values = cells
        return bound
