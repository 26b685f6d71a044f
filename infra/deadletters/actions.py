"""What is done with dead letters: sent back, sent back changed, or discarded; each is recorded as an event.

A letter goes back to the consumer that failed, through that consumer's own retry topic, not to its origin topic:
other consumers of the origin have handled the record long ago and must not see it again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace

from infra.deadletters.letters import Letter
from infra.errors import BadInputError, UnavailableError
from infra.kafka.deadletters import partition_of
from infra.kafka.producer import EventProducer
from schemas import ids
from schemas.base import now_us
from schemas.deadletters import Action, DeadLetterDecided
from schemas.envelope import Envelope
from schemas.errors import DecodeError
from schemas.topics import NOW, PROCESSORS, retry_topic

SOURCE = "/operators"


class NotRedrivableError(BadInputError):
    """The letter holds no record that could be sent back: repair its source, or discard it."""


def check(letter: Letter) -> None:
    """Raises NotRedrivableError for a letter that nobody would take."""
    if not letter.trial.record.value:
        raise NotRedrivableError(f"{letter.id} holds no record, only its coordinates: {letter.message}.")
    if letter.consumer == PROCESSORS and not letter.trial.part:
        raise NotRedrivableError(f"{letter.id} does not say which processor it is for.")


def changed(letter: Letter, value: bytes) -> Letter:
    """The letter with another value. Raises BadInputError where that is not what the record's contract says."""
    record = replace(letter.trial.record, value=value)
    try:
        record.decode()
    except DecodeError as error:
        raise BadInputError(f"{letter.id}: {error}", hint="The value must follow the contract of its topic.") from error
    return replace(letter, trial=replace(letter.trial, record=record))


def redrive(producer: EventProducer, letter: Letter, *, by: str, why: str = "", edited: bool = False) -> None:
    """Send it back, then record that; interrupted in between, it stays listed. Raises UnavailableError."""
    check(letter)
    trial = replace(letter.trial, attempt=1, due_ms=0, redriven=letter.trial.redriven + 1)
    topic = retry_topic(letter.consumer, NOW)
    headers = trial.headers({"letter": letter.id})
    partition = partition_of(topic, trial.record.partition)
    _wait(producer.send_raw(topic, trial.record.key, trial.record.value, headers, partition=partition))
    _record(producer, letter, Action.REDRIVEN, by=by, why=why, edited=edited)


def discard(producer: EventProducer, letter: Letter, *, by: str, why: str) -> None:
    """Record that it is given up. It stays in its topic until its time has passed. Raises UnavailableError."""
    _record(producer, letter, Action.DISCARDED, by=by, why=why)


def paced(letters: Iterable[Letter], rate: float | None) -> Iterator[Letter]:
    """The letters, at most `rate` of them a second."""
    begun = time.monotonic()
    for count, letter in enumerate(letters):
        if rate and (early := begun + count / rate - time.monotonic()) > 0:
            time.sleep(early)
        yield letter


def _record(
    producer: EventProducer, letter: Letter, action: Action, *, by: str, why: str, edited: bool = False
) -> None:  # fmt: skip
    data = DeadLetterDecided(
        letter=letter.id, failed_at_ms=letter.failed_at_ms, action=action, by=by, why=why, edited=edited, ts_us=now_us()
    )
    cause = letter.headers
    own = ids.fresh()
    _wait(
        producer.send(
            Envelope(
                id=own, source=SOURCE, data=data,
                correlation_id=cause.get("ce_correlationid") or own, causation_id=cause.get("ce_id"),
            )
        )
    )  # fmt: skip


def _wait(sent: Future[None]) -> None:
    try:
        sent.result(30)
    except FutureTimeoutError as error:
        raise UnavailableError("Kafka did not acknowledge a record within 30 s.") from error
