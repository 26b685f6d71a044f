"""Where a partition begins and ends, as its leader says now."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from infra.errors import UnavailableError

#: How long an answer may take.
ANSWER_S = 10.0
_PAUSE_S = 0.1
#: The partition has no leader at this moment, or another one than the client believes: it asks who it is meanwhile.
#: Kafka's protocol lists these errors of ListOffsets as retriable; librdkafka hands them on.
_MOVING = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
    }
)


def marks(consumer: Consumer, partition: TopicPartition, timeout: float = ANSWER_S) -> tuple[int, int]:
    """The first offset that is left and the one after the last. Asks again while a leader is chosen.

    Raises UnavailableError without an answer after `timeout` seconds, KafkaException for other errors.
    """
    until = time.monotonic() + timeout
    while True:
        try:
            answer = consumer.get_watermark_offsets(partition, timeout=max(until - time.monotonic(), 0), cached=False)
        except KafkaException as error:
            if error.args[0].code() not in _MOVING or time.monotonic() + _PAUSE_S >= until:
                raise
            time.sleep(_PAUSE_S)
            continue
        if answer is None:
            raise UnavailableError(f"Kafka did not tell the offsets of {partition.topic} in time.")
        return answer
