"""Where a partition begins and ends is asked again while its leader changes, and never without an end."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from infra.errors import UnavailableError
from infra.kafka.marks import marks

PLACE = TopicPartition("prompts", 3)


class Answering:
    """A consumer whose broker answers in this order; the last answer for ever. None: it stays silent."""

    def __init__(self, *answers: tuple[int, int] | int | None) -> None:
        self._answers, self.asked = list(answers), 0

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float, cached: bool) -> Any:
        assert partition is PLACE and timeout >= 0 and not cached
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, int):
            raise KafkaException(KafkaError(answer))
        return answer


def test_while_a_leader_is_chosen_it_asks_again() -> None:
    broker = Answering(KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION, (2, 7))
    assert marks(broker, PLACE) == (2, 7) and broker.asked == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "error", "asked"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaException, 1),
        (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaException, None),
        (None, UnavailableError, 1),
    ],
)
def test_what_does_not_pass_is_an_error_within_the_time(
    answer: int | None, error: type[Exception], asked: int | None
) -> None:
    broker, began = Answering(answer), time.monotonic()
    with pytest.raises(error):
        marks(broker, PLACE, 0.5)  # type: ignore[arg-type]
    assert broker.asked == asked if asked else broker.asked > 1
    assert time.monotonic() - began < 5
