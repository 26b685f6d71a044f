"""The tables in memory, cell by cell with timestamps: for tests, and for trying things out without Cassandra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from query_api.readmodel.store import Row
from query_api.readmodel.tables import KEYS, Value, Write
from schemas.base import now_us

#: The table of each query in `read.cql`, and whether its rows come newest first.
_QUERIES = {
    "video": ("videos", False),
    "scenes": ("video_scenes", False),
    "events": ("video_events", False),
    "published": ("feed_global", True),
    "made_for": ("feed_by_viewer", True),
    "withdrawn": ("feed_withdrawn", False),
    "seen": ("viewer_seen", False),
    "interests": ("viewer_interests", False),
    "positions": ("projection_state", False),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, when it was written, and when it goes (0: never)."""

    stamp: int
    value: Value
    gone_us: int


@dataclass
class MemoryStore:
    """Reader and Writer over dicts."""

    tables: dict[str, dict[tuple[Value, ...], dict[str, Cell]]] = field(default_factory=lambda: {t: {} for t in KEYS})

    def write(self, writes: Sequence[Write]) -> None:
        """Last write wins, cell by cell; of two with the same timestamp the greater value wins, as in Cassandra."""
        now = now_us()
        for write in writes:
            if (ttl_s := write.ttl_s(now)) is not None:
                self._upsert(write, now + ttl_s * 1_000_000 if ttl_s else 0)

    def _upsert(self, write: Write, gone_us: int) -> None:
        row = self.tables[write.table].setdefault(write.key, {})
        for name, value in write.cells.items():
            new, old = Cell(write.stamp, value, gone_us), row.get(name)
            if old is None or (new.stamp, new.value) >= (old.stamp, old.value):
                row[name] = new

    async def fetch(self, query: str, values: Mapping[str, Value]) -> Sequence[Row]:
        """The rows of a query."""
        table, newest_first = _QUERIES[query]
        wanted = {name: values[name] for name in KEYS[table][0]}
        rows = [row for row in self.rows(table) if all(row[name] == value for name, value in wanted.items())]
        rows = [row for row in rows if row.get("published_us", 0) > values.get("after_us", -1)]
        rows.sort(key=lambda row: _order(table, row, newest_first))
        return rows[: int(values.get("most", len(rows)))]

    def rows(self, table: str) -> Iterator[Row]:
        """Every row that is still there, in no order. Cells that were never written are None, as from Cassandra."""
        now = now_us()
        columns = {name for row in self.tables[table].values() for name in row}
        for cells in self.tables[table].values():
            if any(not cell.gone_us or cell.gone_us > now for cell in cells.values()):
                yield {name: cells[name].value if name in cells else None for name in columns}


def _order(table: str, row: Row, newest_first: bool) -> tuple[Value, ...]:
    first, *rest = KEYS[table][1] or KEYS[table][0]
    return (-row[first] if newest_first else row[first], *(row[name] for name in rest))
