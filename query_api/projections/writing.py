"""From records to rows. A consumer, a rebuild and a fold all go through here, and nothing but writes comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.errors import BadInputError
from infra.kafka.offsets import Partition
from infra.kafka.records import Received
from query_api.projections.positions import NAME, positions
from query_api.projections.project import Place, project
from query_api.readmodel.store import Writer
from query_api.readmodel.tables import Write
from schemas.base import now_us

#: How far ahead of this machine's clock an event may be. A timestamp of next year would hide all that comes before it.
AHEAD_US = 3_600_000_000


class Projector:
    """Turns batches of events into rows. Safe to repeat: an event ends in the same rows however often it comes."""

    def __init__(self, writer: Writer, name: str = NAME) -> None:
        self._writer, self._name = writer, name

    def rows(self, records: Sequence[Received]) -> None:
        """Write the rows. Raises UnavailableError, ValueError for what no row can hold."""
        self._writer.write([write for record in records for write in writes(record)])

    def passed(self, offsets: Mapping[Partition, int]) -> None:
        """Write up to where the log is in the rows, apart from what was put aside. Raises UnavailableError."""
        self._writer.write(positions(offsets, self._name))


def writes(record: Received) -> list[Write]:
    """The writes of a record. Raises BadInputError for one that would hide all that comes before it."""
    ts_us = getattr(record.envelope.data, "ts_us", 0)
    if ts_us > now_us() + AHEAD_US:
        raise BadInputError(f"ts_us {ts_us} lies in the future")
    return project(record.envelope, Place(record.topic, record.partition, record.offset))
