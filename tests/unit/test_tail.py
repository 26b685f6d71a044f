"""What a tail does with one fetch; `tests/integration/test_tail_kafka.py` has the rest."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from infra.kafka.incarnations import Incarnation
from infra.kafka.tail import Tail
from schemas import codec
from schemas.envelope import root
from tests.unit.gateway_kit import published

TOPIC = "video-events"


class Fetch:
    """A consumer with one fetch."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)

    def poll(self, _timeout: float) -> Message:
        return self.messages.pop(0)

    def consume(self, _count: int, _timeout: float) -> list[Message]:
        return self.messages


def a_record(partition: int, offset: int) -> Message:
    one = codec.encode(root(published(1), source="test"))
    headers = list(one.headers)
    return Message(
        topic=TOPIC, partition=partition, offset=offset, key=one.key, value=one.value, headers=headers, timestamp=(1, 0)
    )


def gone(partition: int, code: int) -> Message:
    return Message(topic=TOPIC, partition=partition, offset=7, error=KafkaError(code))


@pytest.mark.parametrize("code", [KafkaError._AUTO_OFFSET_RESET, KafkaError.UNKNOWN_TOPIC_ID])
def test_what_came_with_the_word_that_records_are_gone_is_read_again(code: int) -> None:
    # given a tail of two partitions
    start = {(TOPIC, 0): 5, (TOPIC, 1): 7}
    tail = Tail("nowhere:1", [TOPIC], start=start)
    # when one fetch holds a record of the one, and says that the other's are gone
    fetch = Fetch(a_record(0, 5), gone(1, code))
    with pytest.raises(KafkaException):
        tail._step(fetch, Incarnation(ids={}, ranges={}))  # type: ignore[arg-type]
    # then the record counts as not read: nobody was handed it
    assert tail._positions == start
    assert tail._batches.empty()
