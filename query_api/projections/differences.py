"""Where two versions differ: by hashes of their rows, a range of tokens at a time, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from query_api.readmodel.scan import FIRST, LAST, Key, Rows
from query_api.readmodel.store import Row
from query_api.readmodel.tables import KEYS

#: How far a version is, is no content.
TABLES = tuple(table for table in KEYS if table != "projection_state")
#: Rows whose hashes are held at a time; a range with more is halved.
HELD = 20_000
#: Ranges that a table is read in to begin with.
PARTS = 16


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same. `columns` are those that differ; none: the row is in one of the two only.

    `missing` says in which of them it is not: `old`, `new`, or neither.
    """

    table: str
    key: Key
    columns: tuple[str, ...] = ()
    missing: str = ""

    def as_json(self) -> dict[str, Any]:
        """For people and scripts."""
        return {"table": self.table, "key": list(self.key), "columns": list(self.columns), "missing": self.missing}


@dataclass(slots=True)
class Count:
    """Rows that were compared."""

    rows: int = 0


def suspects(old: Rows, new: Rows, table: str, count: Count, held: int = HELD) -> Iterator[tuple[str, Key]]:
    """The keys of rows that differ between two versions."""
    width = (LAST - FIRST) // PARTS
    edges = [FIRST + width * number for number in range(PARTS)] + [LAST]
    todo = list(pairwise(edges))[::-1]
    while todo:
        after, until = todo.pop()
        hashes = _hashes(old, table, after, until, held)
        if hashes is None:
            middle = (after + until) // 2
            todo += [(middle, until), (after, middle)]
            continue
        yield from ((table, key) for key in _unlike(hashes, new.scan(table, after, until), table, count))


def _hashes(rows: Rows, table: str, after: int, until: int, held: int) -> dict[Key, bytes] | None:
    """Hash by key; None where there are too many and the range can be halved. One partition cannot be."""
    found: dict[Key, bytes] = {}
    for row in rows.scan(table, after, until):
        if len(found) >= held and until - after > 1:
            return None
        found[key_of(table, row)] = digest(row)
    return found


def _unlike(hashes: dict[Key, bytes], others: Iterator[Row], table: str, count: Count) -> Iterator[Key]:
    for row in others:
        count.rows += 1
        key = key_of(table, row)
        if hashes.pop(key, None) != digest(row):
            yield key
    count.rows += len(hashes)
    yield from hashes


def key_of(table: str, row: Mapping[str, Any]) -> Key:
    """The primary key of a row."""
    partition, clustering = KEYS[table]
    return tuple(row[name] for name in (*partition, *clustering))


def digest(row: Mapping[str, Any]) -> bytes:
    """The same for rows that say the same: a column that is not there is as one without a value."""
    told = sorted((name, value) for name, value in row.items() if value is not None)
    return hashlib.blake2b(repr(told).encode(), digest_size=16).digest()


def compared(table: str, key: Key, old: Row | None, new: Row | None) -> Difference | None:
    """How two rows differ; None where they do not."""
    if old is None or new is None:
        return None if old is new else Difference(table, key, missing="old" if old is None else "new")
    columns = tuple(sorted(name for name in {*old, *new} if old.get(name) != new.get(name)))
    return Difference(table, key, columns) if columns else None
