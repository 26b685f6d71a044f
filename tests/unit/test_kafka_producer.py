"""The producer's promise: what counts as delivered is in the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from infra.kafka import producer
from infra.kafka.deadletters import Aside
from infra.kafka.producer import LARGEST, EventProducer, Outgoing, TooLargeError
from infra.kafka.records import Raw, raw
from infra.kafka.trials import Trial, fields
from tests.unit.kafka_kit import first


def test_a_delivery_is_never_taken_from_another_requests_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given what librdkafka is told
    told: dict[str, Any] = {}

    class Client:
        def __init__(self, config: dict[str, Any]) -> None:
            told.update(config)

        def poll(self, timeout: float) -> None: ...

        def flush(self, timeout: float) -> int:
            return 0

    monkeypatch.setattr(producer, "Producer", Client)
    EventProducer("nowhere:1", "test").close()
    # Then every record waits for its own acknowledgement: see confluent-kafka-go #921
    assert (told["acks"], told["enable.idempotence"], told["max.in.flight"]) == ("all", True, 1)


def test_a_record_that_will_never_be_taken_is_told_from_a_broker_that_is_away(sender: EventProducer) -> None:
    # Waiting would be for ever
    with pytest.raises(TooLargeError):
        sender.send_raw("swipes", b"anna", bytes(LARGEST + 1), ())


@pytest.mark.parametrize("error", [ValueError("bad"), TimeoutError("not now")])
def test_a_record_that_is_too_large_to_be_put_aside_is_a_dead_letter_by_its_coordinates(
    bootstrap: str, sender: EventProducer, error: Exception
) -> None:
    # Given a record that another client had compressed
    record = Raw(
        topic="swipes", partition=2, offset=7, timestamp_ms=1, key=b"anna", value=bytes(LARGEST), headers=(("a", b"b"),)
    )
    # When it fails, for now or for good
    Aside(sender, "projector").put(Trial(record=record), error).result(10)
    # Then it is on record where it stands, and nobody waits behind it
    letter = raw(first(bootstrap, "projector.dead"))
    told = fields(letter)
    assert letter.value is None and (told["topic"], told["partition"], told["offset"]) == ("swipes", "2", "7")
    assert told["reason"] == type(error).__name__ and str(error) in told["message"] and "bytes" in told["message"]


async def test_callers_that_give_up_do_not_end_the_thread_that_reports(sender: EventProducer) -> None:
    # Given callers who stop waiting before the broker has answered, one for each record or for several together
    alone = sender.send_raw("swipes", b"anna", b"{}", ())
    together = sender.send_all([Outgoing("swipes", b"anna", b"{}", [])])
    for waiting in (alone, together):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(waiting), 0)
        # Then what is on its way is not taken for cancelled: its report may come at this very moment
        assert not waiting.cancel()
    # And it is heard of
    assert alone.result(10) is together.result(10) is None
