"""What becomes of a failure, and how it is written on the record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gpu_consumers.errors import BackendError, BackendMissingError, TransientBackendError
from infra.errors import DeadlineError, TransientError, UnavailableError
from infra.kafka.failures import Dead, Kind, Retry, Step, Wait, classify, next_step, stack_hash
from infra.kafka.records import Raw
from infra.kafka.trials import Trial, fields, own_headers, read, why
from schemas.errors import DecodeError, InvalidPayloadError, MissingHeaderError

RAW = Raw(
    topic="prompts", partition=2, offset=7, timestamp_ms=99, key=b"k", value=b"\x00v",
    headers=(("ce_id", b"1"), ("traceparent", b"00-1-2-01")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnavailableError(), Kind.UNAVAILABLE),
        (TransientError(), Kind.TRANSIENT),
        (TransientBackendError(), Kind.TRANSIENT),
        (DeadlineError(), Kind.TRANSIENT),
        (TimeoutError(), Kind.TRANSIENT),
        (ConnectionResetError(), Kind.TRANSIENT),
        (BackendError(), Kind.PERMANENT),
        (BackendMissingError(), Kind.PERMANENT),
        (DecodeError(), Kind.PERMANENT),
        (InvalidPayloadError(), Kind.PERMANENT),
        (FileNotFoundError(), Kind.PERMANENT),
        (ZeroDivisionError(), Kind.PERMANENT),
    ],
)
def test_errors_say_whether_to_try_again(error: Exception, kind: Kind) -> None:
    assert classify(error) is kind


@pytest.mark.parametrize(
    ("attempt", "step"), [(1, Retry("10s", 10)), (2, Retry("1m", 60)), (3, Retry("10m", 600)), (4, Dead()), (9, Dead())]
)
def test_what_may_pass_goes_through_the_tiers_and_then_dies(attempt: int, step: Step) -> None:
    assert next_step(TransientError(), attempt) == step


@pytest.mark.parametrize("attempt", [1, 2, 4])
def test_the_rest_dies_at_once_and_an_outage_is_waited_for(attempt: int) -> None:
    assert next_step(ValueError(), attempt) == Dead()
    assert next_step(UnavailableError(), attempt) == Wait()
    assert next_step(TransientError(), attempt, {}) == Dead()


def test_the_stack_hash_tells_places_apart_and_messages_not() -> None:
    def fail(text: str) -> str:
        try:
            raise ValueError(text)
        except ValueError as error:
            return stack_hash(error)

    def elsewhere() -> str:
        try:
            raise ValueError
        except ValueError as error:
            return stack_hash(error)

    assert fail("a") == fail("b") != elsewhere()


def test_a_trial_comes_back_as_it_went() -> None:
    # given a second attempt, on its way
    trial = replace(Trial(record=RAW).again(1_000, 10), part="videos", redriven=1)
    headers = trial.headers(why("processors", ValueError("no"), 1_000))
    # when it is read from a retry topic, whatever its coordinates there
    there = replace(RAW, topic="processors.retry.10s", partition=0, offset=0, timestamp_ms=5, headers=tuple(headers))
    # then it is the same record of the same place
    assert read(there) == trial
    assert trial.attempt == 2 and trial.due_ms == 11_000 and trial.first_failure_ms == 1_000
    # and its letter says why
    assert fields(there)["reason"] == "ValueError" and fields(there)["message"] == "no"
    assert own_headers(there.headers) == list(RAW.headers)


def test_the_first_failure_is_remembered_over_attempts() -> None:
    assert Trial(record=RAW).again(1_000, 1).again(5_000, 1).first_failure_ms == 1_000


@pytest.mark.parametrize(("says_s", "wait_s"), [(5, 5), (12, 12), (20, 20), (3_610, 0), (-900, 0)])
def test_no_retry_waits_much_longer_than_its_topic_says(says_s: int, wait_s: int) -> None:
    # given one that says when it is due: a clock that is some seconds ahead is believed, one that was set since is not
    assert replace(Trial(record=RAW), due_ms=1_000 * (1_000 + says_s)).wait_s(1_000_000, delay_s=10) == wait_s


def test_headers_on_other_topics_are_not_believed() -> None:
    forged = replace(RAW, headers=(("dl_topic", b"secrets"), ("dl_partition", b"0"), ("dl_offset", b"0")))
    assert read(forged).place == ("prompts", 2, 7)


def test_a_retry_without_its_origin_cannot_be_read() -> None:
    with pytest.raises(MissingHeaderError):
        read(replace(RAW, topic="projector.retry.1m"))
