"""Of several writes to a row only what Cassandra would keep of them. Pure.

The newest write of each cell wins there, whatever comes first; what loses need not be sent. A batch of swipes and
changed interests has many writes to few rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from query_api.readmodel.tables import CLUSTERING, PARTITION, Value, Write

Key = tuple[str, Value | tuple[Value, ...], Value | tuple[Value, ...] | None]


def latest(writes: Iterable[Write]) -> list[Write]:
    """The writes without the cells that newer ones replace; rows stay in the order in which they first came.

    What erases a partition goes first, and replaces nothing here: its stamp says what it takes away.
    """
    rows: dict[Key, list[Write]] = {}
    erasing: list[Write] = []
    for write in writes:
        if write.erase:
            erasing.append(write)
        else:
            rows.setdefault(_key(write), []).append(write)
    return [*erasing, *(write for group in rows.values() for write in _surviving(group))]


def _key(write: Write) -> Key:
    clustering = CLUSTERING[write.table]
    return write.table, PARTITION[write.table](write.cells), clustering(write.cells) if clustering else None


def _surviving(group: list[Write]) -> list[Write]:
    """Newest first. Of cells with the same stamp all stay: which one wins is for Cassandra to say."""
    if len(group) == 1:
        return group
    kept: list[Write] = []
    stamps: dict[str, int] = {}
    for write in sorted(group, key=lambda one: -one.stamp):
        key = write.row_key
        cells = _unbeaten(write, key, stamps)
        if kept and (len(cells) == len(key) or write in kept):
            continue
        kept.append(write if len(cells) == len(write.cells) else Write(write.table, cells, write.stamp))
    return kept


def _unbeaten(write: Write, key: frozenset[str], stamps: dict[str, int]) -> Mapping[str, Value]:
    cells = {}
    for name, value in write.cells.items():
        if name in key or stamps.setdefault(name, write.stamp) == write.stamp:
            cells[name] = value
    return cells
