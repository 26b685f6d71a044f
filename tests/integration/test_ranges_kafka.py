"""Topics that have grown, and whose oldest records have expired, on a real Kafka."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from infra.errors import UnavailableError
from infra.kafka.admin import apply_topics
from infra.kafka.groups import commit, committed
from infra.kafka.producer import EventProducer
from infra.kafka.ranges import ranges
from query_api.figures import Backlog
from query_api.projections.rewind import rewind
from schemas.topics import TOPICS, lane_topic
from schemas.values import Lane
from tests.integration.failures_kit import until
from tests.integration.gateway_broker import broker

pytestmark = pytest.mark.timeout(180)
LANE = lane_topic(Lane.BULK)
#: The first partition that a topic has only because it has grown.
ADDED, ADDED_LANE = TOPICS["uploads"].partitions, TOPICS[LANE].partitions


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """With one more partition of a projected topic, and of each lane; two of five records there have expired."""
    with broker(tmp_path_factory.mktemp("broker")) as running:
        apply_topics(running.address, scenes=ADDED_LANE + 1)
        admin = AdminClient({"bootstrap.servers": running.address})
        admin.create_partitions([NewPartitions("uploads", ADDED + 1)])["uploads"].result(20)
        # The broker that answers hears of it a little later.
        until(lambda: len(admin.list_topics("uploads", timeout=5).topics["uploads"].partitions) > ADDED)
        producer = EventProducer(running.address, "ranges-test")
        for place in (("uploads", ADDED), (LANE, ADDED_LANE)):
            for _ in range(5):
                producer.send_raw(place[0], b"key", b"{}", [], partition=place[1]).result(20)
            expired = TopicPartition(*place, 2)
            admin.delete_records([expired])[expired].result(20)
        producer.close()
        yield running.address


def test_what_is_left_of_an_added_partition_is_told(kafka: str) -> None:
    found = ranges(AdminClient({"bootstrap.servers": kafka}), ["uploads"], 10)
    assert found == {("uploads", number): (0, 0) for number in range(ADDED)} | {("uploads", ADDED): (2, 5)}


def test_tasks_of_added_partitions_wait_and_those_that_expired_do_not(kafka: str) -> None:
    waiting: Mapping[str, int] = {}

    def told() -> bool:
        nonlocal waiting
        with contextlib.suppress(UnavailableError):  # a broker that has just started refuses at first
            waiting = Backlog(kafka)()
        return bool(waiting)

    until(told)
    assert waiting[LANE] == 3
    assert sum(waiting.values()) == 3


def test_a_group_is_set_back_in_an_added_partition_too(kafka: str) -> None:
    # given a group that is through with it, and tables that hold nothing of it
    place = ("uploads", ADDED)
    commit(kafka, "ranges-test", {place: 5})
    # when
    assert rewind(kafka, "ranges-test", {}) == 1
    # then it will be read again
    assert committed(kafka, "ranges-test", [place]) == {place: 0}
