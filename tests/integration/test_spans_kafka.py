"""The tracer on a real log: what is written while no collector answers comes when one does, and nothing comes twice."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.stack import Stack
from query_api.spans.otlp import Collector
from query_api.spans.tracer import Tracer
from schemas import ids
from tests.unit.collector_kit import Taken, collector
from tests.unit.read_kit import life


@pytest.fixture(scope="module")
def kafka(stack: Stack) -> str:
    apply_topics(stack.kafka)
    return stack.kafka


@contextmanager
def tracing(kafka: str, taken: Taken, name: str) -> Iterator[None]:
    tracer = Tracer(kafka, Collector(taken.endpoint), name)
    thread = threading.Thread(target=tracer.run)
    thread.start()
    try:
        assert tracer.begun.wait(60)
        yield
    finally:
        tracer.stop()
        thread.join(30)
    assert not thread.is_alive()


def tell(kafka: str) -> str:
    """A video's events; the trace that they are."""
    producer, events = EventProducer(kafka, "test"), life(ids.fresh(), 1, scenes=1)
    for event in events:
        producer.send(event).result(20)
    producer.close()
    return events[0].id.replace("-", "")


def test_spans_wait_for_their_collector_and_come_once(kafka: str) -> None:
    name = f"tracer-{uuid.uuid4().hex[:8]}"
    with collector() as taken:
        taken.status = 503
        with tracing(kafka, taken, name):
            # Given events that are written while the collector answers with errors
            first = tell(kafka)
            with taken.came:
                assert taken.came.wait_for(lambda: taken.refused, 60)

            # When it answers again
            taken.status = 200
            seen = taken.wait(10)

            # Then all of them are there: the prompt, five events, and the work for four of these
            assert {span.trace_id.hex() for span in seen} == {first}
            assert len({span.span_id for span in seen}) == len(seen) == 10

        # And one that starts again goes on behind them
        with tracing(kafka, taken, name):
            second = tell(kafka)
            anew = taken.wait(20)[10:]
    assert {span.trace_id.hex() for span in anew} == {second}
