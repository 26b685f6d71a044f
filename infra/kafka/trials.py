"""A trial: a record that is tried, and what is known of earlier attempts at it. In headers on the way, pure here.

Whatever topic it comes back from, handlers see it as its origin topic held it: same topic, partition, offset, time,
headers and bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.kafka.failures import stack_hash
from infra.kafka.records import Raw, RawHeaders
from schemas.errors import MissingHeaderError

#: Headers that a retry or dead-letter topic adds to the record's own.
PREFIX = "dl_"
_ASIDE = re.compile(r"\.(?:retry\.[a-z0-9]+|dead)$")

Place = tuple[str, int, int]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One attempt at a record. `attempt` counts from 1; `part` names the part of a consumer that it is for."""

    record: Raw
    attempt: int = 1
    first_failure_ms: int | None = None
    #: When it may be tried, in milliseconds since the epoch.
    due_ms: int = 0
    part: str = ""
    #: How often an operator has sent it back.
    redriven: int = 0

    @property
    def place(self) -> Place:
        """Where the record stands in its origin topic."""
        return self.record.topic, self.record.partition, self.record.offset

    def again(self, now_ms: int, delay_s: float) -> Trial:
        """The next attempt, after a failure at `now_ms`."""
        return replace(
            self,
            attempt=self.attempt + 1,
            first_failure_ms=self.first_failure_ms or now_ms,
            due_ms=now_ms + int(delay_s * 1000),
        )

    def wait_s(self, now_ms: float, delay_s: float) -> float:
        """How long it waits before it may be tried, in seconds, in a topic where records wait `delay_s`.

        Not at all where it says more than twice as long: a clock said so that has been set since, and others wait
        behind it.
        """
        left_s = (self.due_ms - now_ms) / 1000
        return left_s if 0 < left_s <= 2 * delay_s else 0.0

    def headers(self, extra: Mapping[str, object] | None = None) -> list[tuple[str, bytes]]:
        """The record's own headers, and those from which `read` makes this trial again."""
        fields = {
            "topic": self.record.topic,
            "partition": self.record.partition,
            "offset": self.record.offset,
            "timestamp_ms": self.record.timestamp_ms,
            "attempt": self.attempt,
            "first_failure_ms": self.first_failure_ms or 0,
            "due_ms": self.due_ms,
            "part": self.part,
            "redriven": self.redriven,
            **(extra or {}),
        }
        own = [(name, value or b"") for name, value in own_headers(self.record.headers)]
        return [*own, *((PREFIX + name, str(value).encode()) for name, value in fields.items())]


def why(consumer: str, error: BaseException, now_ms: int) -> dict[str, object]:
    """The fields that say what went wrong, where and when."""
    return {
        "reason": type(error).__name__,
        "message": str(error)[:2000],
        "stack": stack_hash(error),
        "consumer": consumer,
        "failed_at_ms": now_ms,
    }


def own_headers(headers: RawHeaders) -> list[tuple[str, bytes | None]]:
    """The headers without those that were added aside."""
    return [(name, value) for name, value in headers if not name.startswith(PREFIX)]


def fields(record: Raw) -> dict[str, str]:
    """What was added aside, by name without the prefix."""
    found = ((name.removeprefix(PREFIX), value) for name, value in record.headers if name.startswith(PREFIX))
    return {name: (value or b"").decode(errors="replace") for name, value in found}


def read(record: Raw) -> Trial:
    """The trial that a record is: its first, or what its headers say where it comes from a retry or dead-letter topic.

    Headers of other topics are not believed: anyone may write them. Raises MissingHeaderError.
    """
    if not _ASIDE.search(record.topic):
        return Trial(record=record)
    found = fields(record)
    try:
        origin = replace(
            record,
            topic=found["topic"],
            partition=int(found["partition"]),
            offset=int(found["offset"]),
            timestamp_ms=int(found.get("timestamp_ms", record.timestamp_ms)),
            headers=tuple(own_headers(record.headers)),
        )
        return Trial(
            record=origin,
            attempt=int(found.get("attempt", 1)),
            first_failure_ms=int(found.get("first_failure_ms", 0)) or None,
            due_ms=int(found.get("due_ms", 0)),
            part=found.get("part", ""),
            redriven=int(found.get("redriven", 0)),
        )
    except (KeyError, ValueError) as error:
        raise MissingHeaderError(f"{record.topic}: {PREFIX}… headers are missing or are no numbers: {error}") from error


def begun(record: Raw) -> Trial:
    """The same, for who only passes it on: where its headers cannot be read it counts as the first. That is found out
    again, and the record put aside, by whoever handles it."""
    try:
        return read(record)
    except MissingHeaderError:
        return Trial(record=record)
