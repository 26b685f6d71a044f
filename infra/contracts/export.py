"""A topic, or a part of it, as one Parquet file that any analyst's tool reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from infra.contracts import parquet
from infra.contracts.columns import columns
from infra.contracts.rows import row
from infra.contracts.slices import Slice
from infra.kafka.records import Raw
from schemas.base import REGISTRY
from schemas.documents.catalogue import messages_on
from schemas.topics import TOPICS, Topic

#: Told how many offsets are passed, out of how many.
Progress = Callable[[int, int], None]


@dataclass(slots=True, kw_only=True)
class Summary:
    """What was exported. `unreadable` counts the rows whose `_error` is set, by reason; they are in `records` too."""

    topic: str
    out: str
    records: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    partitions: dict[int, dict[str, int]] = field(default_factory=dict)
    size: int = 0

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "topic": self.topic, "out": self.out, "records": self.records, "bytes": self.size,
            "unreadable": dict(self.unreadable), "partitions": self.partitions,
        }  # fmt: skip


def export_topic(
    bootstrap: str,
    topic: str,
    out: Path,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    limit: int | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Summary:
    """Write the records of `topic` with `since <= timestamp < until` into `out`, at most `limit` of them.

    The end of the topic is where it is now. Every record becomes a row, in the newest version of its contract; one that
    cannot be read says why in `_error`. Raises NotFoundError, UnavailableError and BadInputError.
    """
    summary = Summary(topic=topic, out=str(out))
    with Slice(bootstrap, topic, since_ms=since_ms, until_ms=until_ms) as records:
        summary.partitions = {found.partition: {"from": found.first, "to": found.end} for found in records.ranges}
        taken = islice(_watched(records, progress), limit)
        summary.size = parquet.write(out, _lines(taken, summary), columns(_models(topic)))
    return summary


def _models(topic: str) -> list[Any]:
    known = TOPICS.get(topic, Topic(name=topic, family="", key="", holds=""))
    return messages_on(known, REGISTRY)


def _watched(records: Slice, progress: Progress) -> Iterator[Raw]:
    for count, record in enumerate(records):
        if count % 500 == 0:
            progress(records.done, records.total)
        yield record
    progress(records.total, records.total)


def _lines(records: Iterator[Raw], summary: Summary) -> Iterator[bytes]:
    for record in records:
        line, unreadable = row(record)
        summary.records += 1
        if unreadable:
            summary.unreadable[unreadable] += 1
        yield line
