"""Events as spans: each under its cause, from when that was written, and the same however often it is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.errors import UnavailableError
from infra.kafka.records import Raw, Received
from query_api.spans.otlp import Collector
from query_api.spans.span import Span, spans
from schemas import ids
from schemas.base import Message
from schemas.codec import decode, encode
from schemas.envelope import Envelope, caused_by, root
from schemas.tasks import WriteScript
from schemas.values import Lane, Origin
from tests.unit.collector_kit import collector
from tests.unit.read_kit import COST, life, script, submitted

VIDEO = ids.fresh()


def received(envelope: Envelope[Message]) -> Received:
    """As it comes from the log."""
    record = encode(envelope)
    raw = Raw(
        topic=record.topic, partition=3, offset=7, timestamp_ms=0, key=record.key, value=record.value,
        headers=tuple(record.headers),
    )  # fmt: skip
    return Received(raw=raw, envelope=decode(record.topic, record.key, record.value, record.headers))


def made(*events: Envelope[Message]) -> list[Span]:
    return [span for event in events for span in spans(received(event))]


def later(event: Envelope[Any], seconds: float) -> Envelope[Any]:
    return replace(event, time=event.time + timedelta(seconds=seconds))


def test_a_trace_begins_with_the_prompt_and_all_else_hangs_below_it() -> None:
    events = life(VIDEO, 1, scenes=1)

    prompt, *rest = made(*events)

    assert (prompt.name, prompt.parent, prompt.service) == ("PromptSubmitted", None, "test")
    assert prompt.trace == events[0].id.replace("-", "")
    assert {span.trace for span in rest} == {prompt.trace}
    assert {span.parent for span in rest if not span.name.endswith(" work")} == {prompt.id}
    assert [span.name for span in rest if span.name.endswith(" work")] == [
        "ScriptWritten work", "SceneVoiced work", "SceneRendered work", "VideoPublished work",
    ]  # fmt: skip


def test_an_event_lasts_from_its_cause_and_its_work_is_the_end_of_that() -> None:
    # Given a prompt, a task half a second later, and the script five seconds after the prompt, of which two were work
    prompt = submitted(VIDEO, 1)
    task = WriteScript.model_construct(video_id=VIDEO)
    asked = later(caused_by(prompt, task, source="/processors", step="script"), 0.5)
    data = next(one.data for one in life(VIDEO, 1) if one.type == "ScriptWritten")
    written = replace(
        caused_by(asked, data, source="/workers", step="written"), time=prompt.time + timedelta(seconds=5)
    )

    event, work = made(written)

    # Then the span begins with the fact behind the task: the wait for a worker is seen, too
    assert (event.start, event.end) == (prompt.time, prompt.time + timedelta(seconds=5))
    assert work.parent == event.id
    assert work.end - work.start == timedelta(seconds=COST.wall_seconds)
    assert work.attributes["swipestream.cpu_seconds"] == COST.cpu_seconds


def test_work_is_no_longer_than_what_it_was_for() -> None:
    prompt = submitted(VIDEO, 1)
    data = next(one.data for one in life(VIDEO, 1) if one.type == "ScriptWritten")
    absurd = data.model_copy(update={"cost": COST.model_copy(update={"wall_seconds": 1e12})})

    event, work = made(later(caused_by(prompt, absurd, source="/workers", step="written"), 3))

    assert (work.start, work.end) == (event.start, event.end)


def test_the_same_event_is_the_same_span_whoever_makes_it() -> None:
    event = life(VIDEO, 1)[2]
    assert made(event) == made(event)


def test_the_requests_own_trace_goes_on() -> None:
    # Given a client that traces its request
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    prompt = root(submitted(VIDEO, 1).data, source="/test", traceparent=given)

    (span,) = made(prompt)
    (accepted,) = made(caused_by(prompt, life(VIDEO, 1)[1].data, source="/test", step="accepted"))

    assert (span.trace, span.parent) == (given.split("-")[1], "b7ad6b7169203331")
    assert (accepted.trace, accepted.parent) == (span.trace, span.id)


def test_a_prefetch_begins_where_it_was_asked_for() -> None:
    """What it follows from, a swipe, is no span: there are too many."""
    swipe = submitted(ids.fresh(), 1)
    (span,) = made(caused_by(swipe, submitted(VIDEO, 2).data, source="/processors", step="prefetch"))
    assert span.parent is None and span.trace == swipe.id.replace("-", "")


def test_nothing_tells_of_a_person_or_what_somebody_wrote() -> None:
    told = submitted(VIDEO, 1, viewer_id="ada", text="my secret wish")
    attributes = {name: value for span in made(told, *life(VIDEO, 1)) for name, value in span.attributes.items()}
    assert not {"ada", "my secret wish", script(2).title} & set(map(str, attributes.values()))
    assert attributes["swipestream.lane"] == Lane.INTERACTIVE.value
    assert attributes["swipestream.origin"] == Origin.PERSON.value


@pytest.mark.parametrize(
    "changes", [{"traceparent": None}, {"id": "kcat-1"}, {"time": datetime(1, 1, 1, tzinfo=UTC)},
                {"time": datetime(9999, 1, 1, tzinfo=UTC)}],
)  # fmt: skip
def test_what_has_no_trace_has_no_span(changes: dict[str, Any]) -> None:
    assert made(replace(submitted(VIDEO, 1), **changes)) == []


def test_a_cause_without_a_time_is_no_reason_to_put_an_event_aside() -> None:
    record = encode(life(VIDEO, 1)[1])
    spoilt = [(name, b"yesterday" if name == "ce_causationtime" else value) for name, value in record.headers]
    assert spoilt != record.headers
    assert decode(record.topic, record.key, record.value, spoilt).caused_at is None


def test_a_collector_gets_them_with_their_service_and_what_failed() -> None:
    with collector() as taken:
        away = Collector(taken.endpoint)
        events = life(VIDEO, 1, scenes=1, end="failed")
        away.take(made(*events))
        away.close()

        failed = next(span for span in taken.spans if span.name == "VideoFailed")
        assert (failed.status.code, failed.status.message) == (2, "no paint left")
        assert failed.parent_span_id.hex() == ids.span(events[0].id)
        assert taken.services[failed.span_id] == "test"
        assert failed.end_time_unix_nano // 1000 == round(events[-1].time.timestamp() * 1_000_000)


def test_a_collector_that_refuses_is_away() -> None:
    with collector() as taken:
        taken.status = 400
        away = Collector(taken.endpoint)
        with pytest.raises(UnavailableError, match=taken.endpoint):
            away.take(made(submitted(VIDEO, 1)))
        away.close()
