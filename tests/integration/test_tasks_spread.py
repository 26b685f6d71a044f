"""Workers on a real Kafka: each gets its share of every lane, not lanes of its own."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from infra.kafka.execution import Effects
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tasks import TaskConsumer
from infra.stack import Stack
from schemas.codec import encode
from schemas.envelope import root
from schemas.prompts import PromptSubmitted
from schemas.topics import TOPICS, Topic, lane_topic, retry_topic
from schemas.values import Lane, Origin
from tests.integration.failures_kit import QUICK, running, until

pytestmark = pytest.mark.timeout(300)

#: As many partitions as the real lanes and their retry topics have.
LANES = {lane.value: TOPICS[lane_topic(lane)].partitions for lane in Lane}
RETRIES = {tier: TOPICS[retry_topic("scene-worker", tier)].partitions for tier in QUICK}


@contextmanager
def lanes(bootstrap: str) -> Iterator[tuple[str, dict[str, int]]]:
    """A consumer's name, and topics like those of scene tasks with their partitions."""
    name = f"spread-{uuid.uuid4().hex[:8]}"
    topics = {f"{name}.{lane}": partitions for lane, partitions in LANES.items()}
    retries = {retry_topic(name, tier): partitions for tier, partitions in RETRIES.items()}
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    wanted = [NewTopic(topic, partitions, 1) for topic, partitions in (topics | retries).items()]
    for future in admin.create_topics(wanted).values():
        future.result(90)
    for topic in topics:
        TOPICS[topic] = Topic(name=topic, family="", key="any", holds="a test")
    try:
        yield name, topics
    finally:
        for topic in topics:
            del TOPICS[topic]


class Round:
    """One task for every partition of every lane, and who did it."""

    def __init__(self, producer: EventProducer, topics: dict[str, int]) -> None:
        self._producer, self._topics = producer, topics
        self.done: dict[tuple[str, int, str], int] = {}  #: worker by topic, partition and round

    def worker(self, number: int, received: Received) -> Effects:
        assert isinstance(received.envelope.data, PromptSubmitted)
        self.done[received.raw.topic, received.raw.partition, received.envelope.data.text] = number
        return []

    def go(self) -> dict[str, Counter[int]]:
        """How many tasks of each lane every worker did in a round of its own."""
        text = uuid.uuid4().hex
        data = PromptSubmitted(video_id=str(uuid.uuid4()), text=text, origin=Origin.PERSON, lane=Lane.BULK, ts_us=1)
        record = encode(root(data, source="/test"), "prompts")
        places = [(topic, partition) for topic, count in self._topics.items() for partition in range(count)]
        for topic, partition in places:
            self._producer.send_raw(topic, record.key, record.value, record.headers, partition=partition)
        until(lambda: all((*place, text) in self.done for place in places), 90)
        return {
            topic: Counter(self.done[topic, partition, text] for partition in range(count))
            for topic, count in self._topics.items()
        }


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_get_their_share_of_every_lane(stack: Stack, workers: int) -> None:
    with lanes(stack.kafka) as (name, topics), ExitStack() as started:
        # Given workers that read all lanes, and the retry topics
        producer = EventProducer(stack.kafka, "spread-test")
        started.callback(producer.close)
        round_ = Round(producer, topics)
        for number in range(workers):

            def work(received: Received, number: int = number) -> Effects:
                return round_.worker(number, received)

            started.enter_context(running(TaskConsumer(stack.kafka, name, list(topics), work, producer, tiers=QUICK)))

        # When they have found one another, then each does its share of every lane
        def shared() -> bool:
            shares = [[share[number] for number in range(workers)] for share in round_.go().values()]
            return all(max(share) - min(share) <= 1 for share in shares)

        until(shared, 120)
