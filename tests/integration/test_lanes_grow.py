"""Lanes that are widened on a real Kafka while they are in use."""

from __future__ import annotations

from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from infra.kafka import dealing
from infra.kafka.admin import LANES, apply_topics
from infra.kafka.producer import EventProducer
from infra.stack import Stack
from schemas.envelope import root
from schemas.scripts import Scene
from schemas.tasks import RenderScene
from schemas.topics import lane_topic
from schemas.values import Lane, Origin
from tests.integration.failures_kit import until

TOPIC = lane_topic(Lane.BULK)


def scene() -> RenderScene:
    told = Scene(scene_number=1, visuals="a wave", narration="Waves.", beat="hook", duration_s=3.0)
    return RenderScene(
        video_id=str(uuid4()), after_us=1, lane=Lane.BULK, origin=Origin.API, flavor="default", scene_id=str(uuid4()),
        scene=told, scene_count=1, title="Waves", language="en", seed=1,
    )  # fmt: skip


def width(kafka: str) -> int:
    return len(AdminClient({"bootstrap.servers": kafka}).list_topics(TOPIC, timeout=10).topics[TOPIC].partitions)


def ends(kafka: str, partitions: range) -> int:
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "lanes-grow"})
    try:
        places = (TopicPartition(TOPIC, number) for number in partitions)
        return sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
    finally:
        consumer.close()


def test_a_lane_grows_under_a_producer_that_deals_out(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given lanes as they are, on a Kafka that may have been widened before, and a producer that has used them
    monkeypatch.setattr(dealing, "REFRESH_S", 0.2)
    apply_topics(stack.kafka)
    present, producer = width(stack.kafka), EventProducer(stack.kafka, "lanes-grow")
    try:
        producer.publish_all([(root(scene(), source="/test"), TOPIC)])
        # When they are widened, then only they are altered, and only once
        wide = present + 4
        changed = {change.name for change in apply_topics(stack.kafka, scenes=wide) if change.action == "altered"}
        assert changed == LANES
        assert {change.action for change in apply_topics(stack.kafka, scenes=wide)} == {"unchanged"}
        assert {change.action for change in apply_topics(stack.kafka)} == {"unchanged"}

        # Then the same producer finds the new partitions
        def found() -> bool:
            producer.publish_all([(root(scene(), source="/test"), TOPIC) for _ in range(20)])
            return ends(stack.kafka, range(present, wide)) > 0

        until(found, 30)
    finally:
        producer.close()
