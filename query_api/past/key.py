"""All records of one key, read from the partitions in which they are, and from no other."""

from __future__ import annotations

from collections.abc import Sequence

from infra.kafka.partitions import partition_of_key
from infra.kafka.records import Raw, Received
from infra.kafka.stretch import Ranges, Stretch
from schemas.errors import DecodeError


def records(bootstrap: str, topics: Sequence[str], key: str) -> list[Received]:
    """The records of a key in these topics, in the order of each. Raises NotFoundError, UnavailableError."""
    wanted, found = key.encode(), list[Received]()
    with Stretch(bootstrap) as log:
        for piece in log.read(_own(log.ranges(topics), wanted)):
            # The key is compared before anything is decoded: most records are about others.
            found += [one for record in piece.records if record.key == wanted and (one := _decoded(record))]
    return found


def _own(ranges: Ranges, key: bytes) -> Ranges:
    counts = {topic: sum(1 for name, _ in ranges if name == topic) for topic, _ in ranges}
    return {part: span for part, span in ranges.items() if part[1] == partition_of_key(key, counts[part[0]])}


def _decoded(record: Raw) -> Received | None:
    try:
        return Received(raw=record, envelope=record.decode())
    except DecodeError:  # in the dead letters, and in no view
        return None
