"""The small parts: delays, batch headers, batches that cannot be read, and which letters are meant."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY, generate_latest

from infra.deadletters.choice import Choice, all_found, choose, insist
from infra.deadletters.letters import Letter, decide, letter
from infra.errors import BadInputError, NotFoundError, TransientError
from infra.kafka.aiokafka_skips import Batches
from infra.kafka.deadletters import Aside
from infra.kafka.delays import Delays
from infra.kafka.lookahead import end_of
from infra.kafka.records import Raw
from infra.kafka.trials import Trial, why
from schemas.deadletters import Action, DeadLetterDecided
from schemas.errors import InvalidPayloadError

A, B = ("retry", 0), ("retry", 1)
Tp = namedtuple("Tp", "topic partition")


def test_nothing_is_had_before_it_is_due_and_nothing_overtakes_in_its_partition() -> None:
    waiting: Delays[str] = Delays()
    waiting.add(A, "late", 10)
    waiting.add(A, "early", 1)
    waiting.add(B, "other", 5)
    assert waiting.take(5) == ["other"] and waiting.partitions == {A}
    assert waiting.take(10, limit=1) == ["late"]
    assert waiting.take(10) == ["early"] and len(waiting) == 0


def test_a_partition_that_was_taken_away_is_forgotten() -> None:
    waiting: Delays[str] = Delays()
    waiting.add(A, "gone", 1)
    waiting.add(B, "stays", 1)
    waiting.drop(A)
    assert waiting.take(1) == ["stays"]


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.floats(0, 100))), st.integers(1, 5))
def test_all_that_is_added_comes_out_once(items: list[tuple[tuple[str, int], float]], limit: int) -> None:
    waiting: Delays[int] = Delays()
    for number, (partition, due) in enumerate(items):
        waiting.add(partition, number, due)
    out: list[int] = []
    while taken := waiting.take(100, limit):
        assert len(taken) <= limit
        out += taken
    assert sorted(out) == list(range(len(items)))


def header(base: int, delta: int, magic: int = 2) -> bytes:
    made = base.to_bytes(8, "big") + b"\0" * 8 + bytes([magic]) + b"\0" * 6 + delta.to_bytes(4, "big")
    return made + b"\0" * 34


@pytest.mark.parametrize(
    ("batch", "offset", "end"),
    [
        (header(5, 4), 5, 10),
        (header(5, 4), 9, 10),
        (header(5, 4), 3, 4),  # not the batch that was asked for
        (header(5, 4, magic=45), 5, 6),  # no header at all
        (b"", 5, 6),
    ],
)
def test_a_batch_says_where_the_next_one_begins(batch: bytes, offset: int, end: int) -> None:
    assert end_of(batch, offset) == end


class FakeBatch:
    """As aiokafka's."""

    producer_id, is_control_batch, is_transactional = None, False, False

    def __init__(self, base: int, count: int, fault: str = "") -> None:
        self.base_offset, self.next_offset, self._fault = base, base + count, fault

    def validate_crc(self) -> bool:
        return self._fault != "crc"

    def __iter__(self) -> Iterator[int]:
        if self._fault == "codec":
            raise ValueError("unknown codec")
        return iter(range(self.base_offset, self.next_offset))


class FakeRecords:
    """As aiokafka's."""

    def __init__(self, *batches: Any) -> None:
        self._batches = list(batches)

    def has_next(self) -> bool:
        return bool(self._batches)

    def next_batch(self) -> Any:
        found = self._batches.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def test_batches_that_cannot_be_read_are_reported_and_come_without_records() -> None:
    told: list[tuple[Any, ...]] = []
    records = FakeRecords(
        FakeBatch(0, 2),
        FakeBatch(2, 3, "crc"),
        FakeBatch(5, 2, "codec"),
        FakeBatch(7, 1),
        ValueError(),
        FakeBatch(99, 1),
    )
    batches = Batches(Tp("t", 3), records, 1, lambda *one: told.append(one))
    read, ends = [], []
    while batches.has_next():
        batch = batches.next_batch()
        read += list(batch)
        ends.append(batch.next_offset)
    assert read == [0, 1, 7] and ends == [2, 5, 7, 8, 9]
    assert [(partition, start, end) for partition, start, end, _ in told] == [
        (("t", 3), 2, 5), (("t", 3), 5, 7), (("t", 3), 8, 9),
    ]  # fmt: skip


RAW = Raw(topic="swipes", partition=1, offset=4, timestamp_ms=7, key=b"k", value=b'{"a":1}', headers=(("ce_id", b"i"),))


def dead(offset: int = 0, **changes: Any) -> Letter:
    headers = Trial(record=RAW).headers(why("projector", ValueError("no"), 1_000))
    there = replace(RAW, topic="projector.dead", partition=0, offset=offset, headers=tuple(headers))
    return replace(letter(there, "projector"), **changes)


def test_a_letter_knows_its_record_and_why_it_died() -> None:
    found = dead(3)
    assert (found.id, found.reason, found.message, found.failed_at_ms) == ("projector/0/3", "ValueError", "no", 1_000)
    assert found.trial.record == RAW and found.value == {"a": 1} and found.headers == {"ce_id": "i"}


@pytest.mark.parametrize(
    ("choice", "held"),
    [
        (Choice(), True),
        (Choice(ids=("projector/0/0",)), True),
        (Choice(ids=("projector/0/1",)), False),
        (Choice(consumer="projector", reason="ValueError", topic="swipes", key="k", since_ms=1_000), True),
        (Choice(reason="KeyError"), False),
        (Choice(topic="prompts"), False),
        (Choice(key="other"), False),
        (Choice(since_ms=1_001), False),
    ],
)
def test_filters_must_all_hold(choice: Choice, held: bool) -> None:
    assert bool(list(choose([dead()], choice))) is held


def test_what_was_decided_is_left_out_unless_it_is_about_an_earlier_letter() -> None:
    made = DeadLetterDecided(letter="projector/0/0", failed_at_ms=1_000, action=Action.DISCARDED, by="ada", ts_us=1)
    assert list(choose([decide(dead(), {made.letter: made})], Choice())) == []
    assert list(choose([decide(dead(), {made.letter: made})], Choice(decided=True)))
    other = made.model_copy(update={"failed_at_ms": 999})
    assert list(choose([decide(dead(), {made.letter: other})], Choice()))


def test_nothing_is_done_to_everything_by_accident_nor_to_what_is_not_there() -> None:
    with pytest.raises(BadInputError):
        insist(Choice(), every=False)
    insist(Choice(), every=True)
    insist(Choice(key="k"), every=False)
    with pytest.raises(NotFoundError):
        all_found([dead()], Choice(ids=("projector/0/9",)))
    with pytest.raises(NotFoundError):
        _ = Choice(consumer="nobody").consumers


class Taken:
    """A producer that takes everything."""

    def send_raw(self, *_: object, **__: object) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"swipestream_{name}_total", labels) or 0.0


def test_dead_letters_are_counted_by_consumer_and_reason_and_retries_by_tier() -> None:
    # given
    aside = Aside(Taken(), "projector")  # type: ignore[arg-type]
    reasons = {"ValueError": 2.0, "InvalidPayloadError": 1.0, "TransientError": 1.0}
    before = {reason: counted("dead_letters", consumer="projector", reason=reason) for reason in reasons}
    tried = counted("retries", consumer="projector", tier="10s")
    # when
    for error in (ValueError("a"), ValueError("b"), InvalidPayloadError("c")):
        aside.put(Trial(record=RAW), error)
    aside.put(Trial(record=RAW), TransientError("once"))
    aside.put(Trial(record=RAW, attempt=4), TransientError("too often"))
    # then
    after = {reason: counted("dead_letters", consumer="projector", reason=reason) for reason in reasons}
    assert {reason: after[reason] - before[reason] for reason in reasons} == reasons
    assert counted("retries", consumer="projector", tier="10s") - tried == 1
    assert f'swipestream_dead_letters_total{{consumer="projector",reason="ValueError"}} {after["ValueError"]}' in (
        generate_latest(REGISTRY).decode()
    )
