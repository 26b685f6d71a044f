"""Putting aside: a record that failed goes to a retry topic or to the dead letters, its bytes untouched, with why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace

from infra.kafka.failures import Dead, Retry, next_step
from infra.kafka.producer import LARGEST, EventProducer
from infra.kafka.records import Raw
from infra.kafka.trials import PREFIX, Trial, why
from infra.telemetry import logs, metrics
from schemas.topics import CONSUMERS, TIERS, TOPICS, dead_topic, retry_topic

__all__ = ["PREFIX", "Aside", "send"]

log = logs.get("kafka.dead")

#: Bytes for what is said of a record when it is put aside.
_TOLD = 16_384


class Aside:
    """Where a consumer puts what it cannot handle now. `tiers` are those it has topics for: none, if it is not listed.

    `part` names the part of the consumer that is to try again. Thread-safe.
    """

    def __init__(
        self, producer: EventProducer, consumer: str, *, tiers: Mapping[str, float] | None = None, part: str = ""
    ) -> None:
        self._producer, self._consumer, self._part = producer, consumer, part
        self._tiers = (TIERS if consumer in CONSUMERS else {}) if tiers is None else tiers

    def step(self, trial: Trial, error: BaseException) -> Retry | Dead:
        """What `put` would do with it. An outage counts as permanent here: it is waited for, not put aside."""
        step = next_step(error, trial.attempt, self._tiers)
        return step if isinstance(step, Retry) and _fits(trial.record) else Dead()

    def put(self, trial: Trial, error: BaseException) -> Future[None]:
        """Send it where `step` says. The future ends when the broker has it. Raises UnavailableError."""
        step = self.step(trial, error)
        return self.retry(trial, error, step) if isinstance(step, Retry) else self.bury(trial, error)

    def bury(self, trial: Trial, error: BaseException) -> Future[None]:
        """Send it to the dead letters, whatever the error."""
        return send(
            self._producer, self._consumer, trial.record, error, trial.attempt,
            trial=replace(trial, part=self._part),
        )  # fmt: skip

    def retry(self, trial: Trial, error: BaseException, step: Retry) -> Future[None]:
        """Send it to the retry topic of a tier, into the partition that has the number of its own."""
        now_ms = int(time.time() * 1000)
        topic, record = retry_topic(self._consumer, step.tier), trial.record
        again = replace(trial, part=self._part).again(now_ms, step.delay_s)
        metrics.RETRIES.labels(consumer=self._consumer, tier=step.tier).inc()
        log.warning("will be tried again", why=repr(error)[:500], attempt=trial.attempt, topic=topic, of=_at(record))
        return self._producer.send_raw(
            topic,
            record.key,
            record.value,
            again.headers(why(self._consumer, error, now_ms)),
            partition=partition_of(topic, record.partition),
        )


def partition_of(topic: str, partition: int) -> int:
    """The partition of a retry topic for records of an origin partition."""
    return partition % (TOPICS[topic].partitions if topic in TOPICS else 1)


def send(
    producer: EventProducer, consumer: str, record: Raw, error: BaseException, attempt: int = 1,
    *, trial: Trial | None = None,
) -> Future[None]:  # fmt: skip
    """Put a record into the consumer's dead-letter topic. The future ends when the broker has it.

    Of one that is too large, its coordinates alone: another client had it compressed, or was allowed more.
    """
    now_ms, trial = int(time.time() * 1000), trial or Trial(record=record, attempt=attempt)
    trial = replace(trial, first_failure_ms=trial.first_failure_ms or now_ms)
    metrics.DEAD_LETTERS.labels(consumer=consumer, reason=type(error).__name__).inc()
    log.warning("dead letter", reason=type(error).__name__, why=str(error)[:500], of=_at(record), attempt=trial.attempt)
    told = why(consumer, error, now_ms)
    if not _fits(record):
        told["message"] = f"It has {_size(record)} bytes, too many to be kept here. {told['message']}"
        record = replace(record, key=None, value=None, headers=())
    return producer.send_raw(
        dead_topic(consumer), record.key, record.value, replace(trial, record=record).headers(told)
    )  # fmt: skip


def _fits(record: Raw) -> bool:
    """Whether it can be sent on as a whole."""
    return _size(record) <= LARGEST - _TOLD


def _size(record: Raw) -> int:
    headers = sum(len(name.encode()) + len(value or b"") + 10 for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def _at(record: Raw) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"
