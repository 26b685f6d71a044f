"""The port between the read model and what holds its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from query_api.readmodel.tables import Value, Write

Row = dict[str, Any]


class Reader(Protocol):
    """Answers the queries named in `read.cql`."""

    async def fetch(self, query: str, values: Mapping[str, Value]) -> Sequence[Row]:
        """The rows, in the order of their key. Raises UnavailableError."""
        ...


class Writer(Protocol):
    """Takes writes. Doing so twice, or in another order, ends in the same rows."""

    def write(self, writes: Sequence[Write]) -> None:
        """Returns when every write is there. Raises UnavailableError, and ValueError for what a table cannot hold."""
        ...
