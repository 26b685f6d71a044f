"""The tables in memory, cell by cell with timestamps: for tests, and for trying things out without Cassandra."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from infra.cassandra.statements import load
from query_api.readmodel.store import Row
from query_api.readmodel.tables import KEYS, Value, Write
from schemas.base import now_us

_HERE = files("query_api.readmodel")
#: Columns of each table, and the table of each query, as the statements for Cassandra have them.
_COLUMNS = {
    name: [column.strip() for column in re.findall(r"\((.*?)\)", text)[0].split(",")]
    for name, text in load(_HERE / "write.cql").items()
    if name in KEYS
}
_TABLES = {name: re.findall(r"FROM {keyspace}\.(\w+)", text)[0] for name, text in load(_HERE / "read.cql").items()}
#: Tables whose rows come in descending order of their first clustering column.
_NEWEST_FIRST = {"feed_global", "feed_by_viewer", "reports"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, when it was written, and when it goes (0: never)."""

    stamp: int
    value: Value
    gone_us: int


@dataclass
class MemoryStore:
    """Reader and Writer over dicts. `clock` says, in microseconds, when it is: rows go away by it."""

    clock: Callable[[], int] = now_us
    tables: dict[str, dict[tuple[Value, ...], dict[str, Cell]]] = field(default_factory=lambda: {t: {} for t in KEYS})
    #: Up to when a partition is erased.
    erased: dict[tuple[str, tuple[Value, ...]], int] = field(default_factory=dict)

    def write(self, writes: Sequence[Write]) -> None:
        """Last write wins, cell by cell; of two with the same timestamp the greater value wins, as in Cassandra."""
        now = self.clock()
        for write in writes:
            if write.erase:
                self._erase(write)
            elif (ttl_s := write.ttl_s(now)) is not None:
                self._upsert(write, now + ttl_s * 1_000_000 if ttl_s else 0)

    def _erase(self, write: Write) -> None:
        gone = (write.table, partition := _partition(write))
        self.erased[gone] = until = max(write.stamp, self.erased.get(gone, 0))
        for key, row in list(self.tables[write.table].items()):
            if key[: len(partition)] == partition:
                self.tables[write.table][key] = {name: cell for name, cell in row.items() if cell.stamp > until}

    def _upsert(self, write: Write, gone_us: int) -> None:
        if write.stamp <= self.erased.get((write.table, _partition(write)), -1):
            return
        row = self.tables[write.table].setdefault(write.key, {})
        for name, value in write.cells.items():
            new, old = Cell(write.stamp, value, gone_us), row.get(name)
            if old is None or (new.stamp, new.value) >= (old.stamp, old.value):
                row[name] = new

    async def fetch(self, query: str, values: Mapping[str, Value]) -> Sequence[Row]:
        """The rows of a query: those of one partition, of a piece of it, or with the same value in an index."""
        table = _TABLES[query]
        asked = {name: value for name, value in values.items() if name in _COLUMNS[table]}
        alive = filter(None, (self.row(table, key) for key in self._keys(table, asked)))
        found = [row for row in alive if all(row[name] == value for name, value in asked.items())]
        if "after_us" in values:
            found = [row for row in found if row["published_us"] > values["after_us"]]
        found.sort(key=lambda row: _order(table, row))
        return found[: int(values.get("most", len(found)))]

    def _keys(self, table: str, asked: Mapping[str, Value]) -> Iterator[tuple[Value, ...]]:
        """The primary keys that may have been asked for: rows are dear to make, keys are there."""
        partition, clustering = KEYS[table]
        told = [(at, asked[name]) for at, name in enumerate((*partition, *clustering)) if name in asked]
        return (key for key in self.tables[table] if all(key[at] == value for at, value in told))

    def rows(self, table: str) -> Iterator[Row]:
        """Every row that is still there, in no order. Cells that were never written are None, as from Cassandra."""
        for key in self.tables[table]:
            if row := self.row(table, key):
                yield row

    def row(self, table: str, key: tuple[Value, ...]) -> Row | None:
        """One row, if it is still there."""
        now, cells = self.clock(), self.tables[table].get(key, {})
        alive = {name: cell.value for name, cell in cells.items() if not cell.gone_us or cell.gone_us > now}
        return dict.fromkeys(_COLUMNS[table]) | alive if alive else None


def _partition(write: Write) -> tuple[Value, ...]:
    return tuple(write.cells[name] for name in KEYS[write.table][0])


def _order(table: str, row: Row) -> tuple[Value, ...]:
    first, *rest = KEYS[table][1] or KEYS[table][0]
    return (-row[first] if table in _NEWEST_FIRST else row[first], *(row[name] for name in rest))
