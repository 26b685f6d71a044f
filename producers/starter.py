"""Starter prompts: a system in which nothing was ever asked for gets a few videos to begin with."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from infra.kafka.connection import client
from infra.kafka.marks import marks
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from schemas import base, ids
from schemas.envelope import root
from schemas.prompts import PromptSubmitted
from schemas.topics import TOPICS
from schemas.values import Lane, Origin

PROMPTS = (
    ("Why do cats purr?", "cats"),
    ("Three small habits that make mornings easier", "morning routines"),
    ("What most people get wrong about black holes", "black holes"),
    ("A short story about a lighthouse keeper with a twist", "lighthouses"),
    ("How to get started with houseplants", "houseplants"),
    ("A hot take on coffee", "coffee"),
)


def is_empty(settings: Settings) -> bool:
    """Whether no prompt was ever submitted, by the ends of the topic's partitions."""
    consumer = Consumer(client(settings.kafka_address) | {"group.id": "starter"})
    try:
        partitions = (TopicPartition("prompts", number) for number in range(TOPICS["prompts"].partitions))
        return not any(marks(consumer, partition)[1] for partition in partitions)
    finally:
        consumer.close()


def submit(settings: Settings) -> int:
    """Submit the starter prompts into an empty system; how many. The first goes ahead of all others."""
    if not is_empty(settings):
        return 0
    producer = EventProducer(settings.kafka_address, "starter")
    try:
        producer.publish_all([(root(_prompt(number), source="/producers/starter", event_id=_id(number)), None)
                              for number in range(len(PROMPTS))])  # fmt: skip
    finally:
        producer.close()
    return len(PROMPTS)


def _id(number: int) -> str:
    return ids.derive("starter", "prompt", number)


def _prompt(number: int) -> PromptSubmitted:
    text, subject = PROMPTS[number]
    return PromptSubmitted(
        video_id=ids.video_id(_id(number)),
        text=text,
        origin=Origin.STARTER,
        lane=Lane.INTERACTIVE if number == 0 else Lane.PREFETCH,
        subject=subject,
        ts_us=base.now_us(),
    )
