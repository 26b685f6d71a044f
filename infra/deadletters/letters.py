"""Dead letters as operators see them, read from their topics. Nothing is committed: nobody else notices."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.contracts.slices import Slice
from infra.errors import NotFoundError
from infra.kafka.records import Raw
from infra.kafka.trials import Trial, fields, own_headers, read
from schemas.deadletters import DeadLetterDecided
from schemas.errors import DecodeError
from schemas.topics import CONSUMERS, DECISIONS, dead_topic


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A dead letter. `trial.record` is the record as its origin topic held it; `decided` what became of it."""

    consumer: str
    partition: int
    offset: int
    reason: str
    message: str
    stack: str
    failed_at_ms: int
    trial: Trial
    decided: DeadLetterDecided | None = None

    @property
    def id(self) -> str:
        """`consumer/partition/offset` in the dead-letter topic."""
        return f"{self.consumer}/{self.partition}/{self.offset}"

    @property
    def key(self) -> str:
        """The record's key as text."""
        return (self.trial.record.key or b"").decode(errors="replace")

    @property
    def headers(self) -> dict[str, str]:
        """The record's own headers as text."""
        return {name: (value or b"").decode(errors="replace") for name, value in own_headers(self.trial.record.headers)}

    @property
    def value(self) -> Any:
        """The value: as JSON where it is, else as text; None for a record that could not be read at all."""
        text = (self.trial.record.value or b"").decode(errors="replace")
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text

    def as_json(self, *, whole: bool = False) -> dict[str, Any]:
        """For `--json`; headers and value only where it is shown as a whole."""
        record, trial = self.trial.record, self.trial
        short = {
            "id": self.id, "consumer": self.consumer, "part": trial.part, "reason": self.reason,
            "message": self.message, "stack": self.stack, "attempt": trial.attempt, "redriven": trial.redriven,
            "topic": record.topic, "partition": record.partition, "offset": record.offset, "key": self.key,
            "type": self.headers.get("ce_type", "").removeprefix("swipestream."),
            "first_failure_ms": trial.first_failure_ms, "failed_at_ms": self.failed_at_ms,
            "decided": self.decided.model_dump(mode="json") if self.decided else None,
        }  # fmt: skip
        return short | ({"headers": self.headers, "value": self.value} if whole else {})


def letter(record: Raw, consumer: str) -> Letter:
    """The dead letter that a record of a dead-letter topic is."""
    found = fields(record)
    try:
        trial = read(record)
    except DecodeError:  # put there by somebody else
        trial = Trial(record=record)
    return Letter(
        consumer=consumer,
        partition=record.partition,
        offset=record.offset,
        reason=found.get("reason", "?"),
        message=found.get("message", ""),
        stack=found.get("stack", ""),
        failed_at_ms=_number(found.get("failed_at_ms"), record.timestamp_ms),
        trial=trial,
    )


def read_letters(bootstrap: str, consumers: Sequence[str] = CONSUMERS) -> Iterator[Letter]:
    """Every dead letter of the consumers, the oldest first within each. Raises UnavailableError."""
    decisions = read_decisions(bootstrap)
    for consumer in consumers:
        for record in _records(bootstrap, dead_topic(consumer)):
            found = letter(record, consumer)
            yield decide(found, decisions)


def decide(found: Letter, decisions: Mapping[str, DeadLetterDecided]) -> Letter:
    """The letter with what was decided about it. One about an earlier letter at that place does not count."""
    decided = decisions.get(found.id)
    if decided is None or decided.failed_at_ms != found.failed_at_ms:
        return found
    return Letter(**vars(found) | {"decided": decided})


def read_decisions(bootstrap: str) -> dict[str, DeadLetterDecided]:
    """The last decision about each letter."""
    found: dict[str, DeadLetterDecided] = {}
    for record in _records(bootstrap, DECISIONS.name):
        try:
            data = record.decode().data
        except DecodeError:
            continue
        if isinstance(data, DeadLetterDecided):
            found[data.letter] = data
    return found


def _records(bootstrap: str, topic: str) -> Iterator[Raw]:
    try:
        with Slice(bootstrap, topic) as records:
            yield from records
    except NotFoundError:
        return


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise
