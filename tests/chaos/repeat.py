"""Records once more: stretches of the log produced again, key order kept, partitions shuffled; and records of nonsense.

This is what producers without idempotence, restored backups and redelivery do to a log, only more of it.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from infra.errors import UnavailableError
from schemas.topics import TOPICS

T = TypeVar("T")

#: Records of one partition that are repeated at most, and seconds that all of it may take.
MOST, PATIENCE_S = 40, 120.0
NONSENSE = (b"{", b"not json at all", b"\x00\xff\xfe" * 40, b"")


def repeat(bootstrap: str, topics: Sequence[str], seed: int) -> int:
    """Produce a stretch of every partition of `topics` once more; how many records that were.

    Each record goes to the partition that it came from, with its key, headers and time, after those before it.
    """
    draw = random.Random(seed)
    stretches = _patiently(lambda: _stretches(bootstrap, topics, draw))
    producer = _producer(bootstrap)
    count = 0
    for message in shuffled(stretches, draw):
        _, timestamp = message.timestamp()
        producer.produce(
            message.topic() or "", message.value(), message.key(), message.partition() or 0,
            timestamp=timestamp, headers=message.headers(),
        )  # fmt: skip
        count += 1
    _flush(producer)
    return count


def shuffled(stretches: Sequence[Sequence[T]], draw: random.Random) -> Iterator[T]:
    """All of all stretches, at random, but each stretch in its order."""
    left = [deque(stretch) for stretch in stretches]
    turns = [index for index, stretch in enumerate(stretches) for _ in stretch]
    draw.shuffle(turns)
    for index in turns:
        yield left[index].popleft()


def poison(bootstrap: str, topics: Sequence[str], seed: int) -> set[tuple[str, int, int]]:
    """One record that no contract reads on each topic; where they stand."""
    draw = random.Random(seed)
    producer = _producer(bootstrap)
    places: set[tuple[str, int, int]] = set()

    def note(error: object, message: Message) -> None:
        if error is None:
            places.add((message.topic() or "", message.partition() or 0, message.offset() or 0))

    for topic in topics:
        producer.produce(topic, draw.choice(NONSENSE), b"poison-%d" % draw.randrange(1000), on_delivery=note)
    _flush(producer)
    return places


def _patiently(read: Callable[[], T]) -> T:
    """A broker that has just been killed is asked until it answers."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return read()
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _producer(bootstrap: str) -> Producer:
    config = {"enable.idempotence": True, "max.in.flight": 1, "linger.ms": 5, "log_level": 2}
    return Producer({"bootstrap.servers": bootstrap, **config})


def _flush(producer: Producer) -> None:
    if left := producer.flush(PATIENCE_S):
        raise UnavailableError(f"{left} records could not be produced")


def _stretches(bootstrap: str, topics: Sequence[str], draw: random.Random) -> list[list[Message]]:
    """Some records that stand one after the other, of every partition that has any."""
    config = {"bootstrap.servers": bootstrap, "group.id": "nemesis", "enable.auto.commit": False, "log_level": 2}
    reader = Consumer(config)
    try:
        wanted: dict[tuple[str, int], range] = {}
        for topic, number in ((name, number) for name in topics for number in range(TOPICS[name].partitions)):
            low, high = reader.get_watermark_offsets(TopicPartition(topic, number), timeout=5)
            # Drawn whether there is anything or not, so that one partition does not decide for the next.
            place, length = draw.random(), draw.randint(1, MOST)
            if high > low:
                begin = low + int(place * (high - low))
                wanted[topic, number] = range(begin, min(high, begin + length))
        return _read(reader, wanted)
    finally:
        reader.close()


def _read(reader: Consumer, wanted: Mapping[tuple[str, int], range]) -> list[list[Message]]:
    reader.assign([TopicPartition(topic, number, span.start) for (topic, number), span in wanted.items()])
    found: dict[tuple[str, int], list[Message]] = {at: [] for at in wanted}
    deadline = time.monotonic() + PATIENCE_S
    while any(len(found[at]) < len(span) for at, span in wanted.items()):
        for message in reader.consume(500, 0.1):
            at = (message.topic() or "", message.partition() or 0)
            if message.error() is None and (message.offset() or 0) in wanted[at]:
                found[at].append(message)
        if time.monotonic() > deadline:
            raise UnavailableError("the records to repeat could not be read")
    return list(found.values())
