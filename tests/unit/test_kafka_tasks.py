"""The shell of workers: whatever goes wrong with a task, it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from infra.errors import UnavailableError
from infra.kafka.execution import Effects
from infra.kafka.producer import LARGEST, EventProducer
from infra.kafka.records import Raw, Received, raw
from infra.kafka.tasks import LOOK_AHEAD, TaskConsumer, _Task
from infra.kafka.trials import Trial, fields
from schemas.codec import encode
from schemas.envelope import Envelope, root
from schemas.prompts import PromptSubmitted
from schemas.values import Lane, Origin
from tests.unit.kafka_kit import first


def prompt(text: str) -> Envelope[PromptSubmitted]:
    data = PromptSubmitted(
        video_id="6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11", text="cats", origin=Origin.API, lane=Lane.BULK, ts_us=1
    )
    return root(data.model_copy(update={"text": text}), source="/test")


def trial() -> Trial:
    record = encode(prompt("cats"))
    return Trial(
        record=Raw(
            topic="prompts", partition=0, offset=3, timestamp_ms=1, key=record.key, value=record.value,
            headers=tuple(record.headers),
        )
    )  # fmt: skip


@contextmanager
def consumer(bootstrap: str, sender: EventProducer, work: Any, **more: Any) -> Iterator[TaskConsumer]:
    """It is told to stop before it runs: then it only closes."""
    worker = TaskConsumer(bootstrap, "script-worker", ["prompts"], work, sender, **more)
    try:
        yield worker
    finally:
        worker.stop()
        worker.run()


def test_a_task_whose_events_can_never_be_published_is_a_dead_letter(bootstrap: str, sender: EventProducer) -> None:
    # Given work whose result is more than Kafka takes
    def work(_received: Received) -> Effects:
        return [(prompt("x" * LARGEST), None)]

    # When it is done
    with consumer(bootstrap, sender, work) as worker:
        worker._execution.run(trial())
    # Then it is not done for ever
    assert fields(raw(first(bootstrap, "script-worker.dead")))["reason"] == "TooLargeError"


def test_a_failure_that_cannot_be_told_is_a_dead_letter_all_the_same(bootstrap: str, sender: EventProducer) -> None:
    # Given work that fails, and nobody who can say so
    def work(_received: Received) -> Effects:
        raise ValueError("bad")

    def on_failure(_received: Received, _error: Exception) -> Effects:
        raise TypeError("worse")

    # When it is done
    with consumer(bootstrap, sender, work, on_failure=on_failure) as worker:
        worker._execution.run(trial())
    # Then the task's own failure is on record
    assert fields(raw(first(bootstrap, "script-worker.dead")))["reason"] == "ValueError"


def test_a_task_whose_partition_was_taken_away_is_not_done_again_here(bootstrap: str, sender: EventProducer) -> None:
    # Given a task that waits for a service, in a worker that loses its partition to another
    asked, away = threading.Event(), threading.Event()

    def work(_received: Received) -> Effects:
        asked.set()
        away.wait(10)
        raise UnavailableError

    with consumer(bootstrap, sender, work) as worker:
        worker._sort(("prompts", 0), trial().record)
        worker._fill()
        assert asked.wait(10)
        worker._lost(worker._consumer, [TopicPartition("prompts", 0)])
        # When the service stays away
        away.set()
        wait(worker._running)
        worker._reap()
        # Then the other one does it
        assert (len(worker._resting), worker._running) == (0, {})


def test_what_is_tried_again_is_not_kept_waiting_by_lanes_that_are_always_full(
    bootstrap: str, sender: EventProducer
) -> None:
    again, now = ("script-worker.retry.10s", 0), ("prompts", 0)
    with consumer(bootstrap, sender, lambda _: []) as worker:
        # Given as many tasks as are read ahead, and many that have come due for another trial
        for offset in range(LOOK_AHEAD):
            worker._line_up(_Task(now, offset, trial()))
        for offset in range(LOOK_AHEAD):
            worker._delays.add(again, _Task(again, offset, trial()), 0.0)
        # When the worker looks what is due, however often
        for _ in range(10):
            worker._wake()
        # Then some stand in line with the others, no more than can soon be begun
        assert worker._lanes.waiting("prompts") == LOOK_AHEAD + 2


def test_a_clock_that_was_ahead_makes_no_retry_wait(bootstrap: str, sender: EventProducer) -> None:
    again = ("script-worker.retry.10s", 0)
    with consumer(bootstrap, sender, lambda _: []) as worker:
        # Given a task that a worker put aside whose clock was an hour ahead, and one of now
        for ahead_s in (3600, 0):
            due = trial().again(int((time.time() + ahead_s) * 1000), 10.0)
            worker._sort(again, replace(due.record, topic=again[0], headers=tuple(due.headers())))
        # When the worker looks what is due
        worker._wake()
        # Then the first is; the second waits as long as its topic says
        assert worker._lanes.waiting("prompts") == 1 and len(worker._delays) == 1


def test_a_clock_that_is_set_back_meanwhile_makes_no_retry_wait(
    bootstrap: str, sender: EventProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = ("script-worker.retry.10s", 0)
    with consumer(bootstrap, sender, lambda _: []) as worker:
        # Given a task that waits a moment longer, in a worker whose clock is set back by an hour
        due = trial().again(int(time.time() * 1000), 0.1)
        worker._sort(again, replace(due.record, topic=again[0], headers=tuple(due.headers())))
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() - 3600)
        # When that moment is over
        time.sleep(0.2)
        worker._wake()
        # Then it is due
        assert worker._lanes.waiting("prompts") == 1
