"""Up to where a log is folded. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from infra.contracts.moments import moment
from infra.errors import BadInputError
from infra.kafka.records import Received

_PLACE = re.compile(r"(?:([A-Za-z0-9._-]{1,249})/(\d{1,5})/)?(\d{1,18})")
#: Later than any event.
NEVER_US = 2**62


@dataclass(frozen=True, slots=True)
class Cut:
    """Everything up to and with `until_us`; in `topic`, where one is named, up to and with `offset`."""

    until_us: int = NEVER_US
    topic: str = ""
    partition: int | None = None
    offset: int | None = None

    def holds(self, record: Received) -> bool:
        """Whether a record lies before the cut."""
        if self.offset is not None and record.topic == self.topic:
            return record.offset <= self.offset
        return time_of(record) <= self.until_us

    def timed(self, records: list[Received]) -> Cut:
        """With the time of the record that it names, for the topics that it does not."""
        if self.offset is None:
            return self
        before = [record for record in records if record.topic == self.topic and record.offset <= self.offset]
        return replace(self, until_us=max((time_of(record) for record in before), default=-1))


def time_of(record: Received) -> int:
    """When it happened, in microseconds."""
    return int(getattr(record.envelope.data, "ts_us", 0))


def cut(at: str | None, offset: str | None, main: str, now: datetime) -> Cut:
    """The cut that a person names. `main` is the topic of an offset without one.

    Raises BadInputError, BadMomentError.
    """
    if at and offset:
        raise BadInputError("Name a time or an offset, not both.")
    if at:
        return Cut(until_us=int(moment(at, now).timestamp() * 1_000_000))
    if offset is None:
        return Cut()
    if not (found := _PLACE.fullmatch(offset)):
        hint = "A number, or a record as `swipestream trace` prints it: video-events/2/1041."
        raise BadInputError(f"{offset!r} is no offset.", hint=hint)
    return Cut(topic=found[1] or main, partition=int(found[2]) if found[2] else None, offset=int(found[3]))
