"""The tables as projections see them, and a write: some cells of one row, stamped with the event's time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter

Value = str | int | float | bool

#: Partition and clustering columns of each table (`schemas/cql`).
KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "videos": (("video_id",), ("revision",)),
    "video_scenes": (("video_id",), ("revision", "scene_number")),
    "video_revisions": (("video_id",), ("revision",)),
    "video_events": (("video_id",), ("ts_us", "event_id")),
    "feed_global": (("week",), ("published_us", "video_id")),
    "feed_by_viewer": (("viewer_id", "week"), ("published_us", "video_id")),
    "feed_withdrawn": (("week",), ("video_id", "revision")),
    "viewer_seen": (("viewer_id", "week"), ("video_id",)),
    "viewer_interests": (("viewer_id",), ()),
    "project_events": (("project_id",), ("version",)),
    "projects_by_owner": (("owner",), ("project_id",)),
    "lineage": (("root",), ("video_id", "ts_us", "event_id")),
    "reports": (("week",), ("ts_us", "event_id")),
    "uploads": (("viewer_id",), ("upload_id",)),
    "projection_state": (("projection",), ("topic", "partition")),
}
#: What takes the partition key, and the rest of the primary key, from the cells of a write (None: there is no rest).
PARTITION = {table: itemgetter(*partition) for table, (partition, _) in KEYS.items()}
CLUSTERING = {table: itemgetter(*rest) if rest else None for table, (_, rest) in KEYS.items()}
_ROW_KEY = {table: frozenset((*partition, *rest)) for table, (partition, rest) in KEYS.items()}
#: What a viewer is called where they are the partition: those partitions go when the viewer is erased.
OF_A_VIEWER = ("viewer_id", "owner")
#: Rows that go away, and how long after the event.
DAY_S = 86_400
RETENTION_S: dict[str, int] = {
    "feed_global": 91 * DAY_S,
    "feed_by_viewer": 91 * DAY_S,
    "viewer_seen": 98 * DAY_S,
}
WEEK_US = 7 * DAY_S * 1_000_000


def week_of(ts_us: int) -> int:
    """The week that buckets are made of, counted from the epoch."""
    return ts_us // WEEK_US


@dataclass(frozen=True, slots=True)
class Write:
    """Cells of one row. `cells` holds the key and what is written; columns that are not among them stay as they are.

    For one row, two writes to the same cell must not share a `stamp` (microseconds; the higher one wins).
    """

    table: str
    cells: Mapping[str, Value]
    stamp: int
    #: Delete the whole partition that `cells` name, as far as it was written up to `stamp`.
    erase: bool = False

    @property
    def partition(self) -> tuple[Value, ...]:
        """The partition key: writes with equal ones are one mutation, whatever their tables."""
        return tuple([self.cells[name] for name in KEYS[self.table][0]])

    @property
    def row_key(self) -> frozenset[str]:
        """The names of the columns of the primary key."""
        return _ROW_KEY[self.table]

    @property
    def key(self) -> tuple[Value, ...]:
        """The primary key."""
        partition, clustering = KEYS[self.table]
        return tuple(self.cells[name] for name in (*partition, *clustering))

    def ttl_s(self, now_us: int) -> int | None:
        """Seconds that the row has left: 0 for ever, None when its time is over and it must not be written.

        It counts from the event, not from the write, so that a replay does not lengthen it.
        """
        if self.erase or (kept := RETENTION_S.get(self.table)) is None:
            return 0
        left = (self.stamp - now_us) // 1_000_000 + kept
        return left if left > 0 else None


def row(table: str, cells: Mapping[str, Value | None], stamp: int) -> Write:
    """A write of the cells that are known. A null would be a tombstone: what is not known is not written."""
    return Write(table, {name: value for name, value in cells.items() if value is not None}, stamp)
