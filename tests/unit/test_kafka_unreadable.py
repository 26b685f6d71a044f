"""Looking ahead ends in time, however slow brokers are and however many partitions were assigned."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Consumer, TopicPartition

from infra.kafka import unreadable
from infra.kafka.producer import EventProducer
from infra.kafka.unreadable import Unreadable
from tests.unit.kafka_kit import mock_broker

PARTITIONS, RTT_S, LIMIT_S = 40, 0.5, 1.0


def test_many_partitions_at_slow_brokers_do_not_hold_the_consumer_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable, "LIMIT_S", LIMIT_S)
    # Given a broker that takes half a second for each answer
    with mock_broker(rtt_s=RTT_S) as bootstrap:
        consumer, sender = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"}), EventProducer(bootstrap, "t")
        sender.send_raw("prompts", b"k", b"v", [], partition=0).result(30)
        # When many partitions are assigned at once
        began = time.monotonic()
        Unreadable(bootstrap, "projector", consumer, sender).look_ahead([TopicPartition("prompts", 0)] * PARTITIONS)
        # Then not each is waited for
        assert time.monotonic() - began < PARTITIONS * RTT_S / 2
        consumer.close()
        sender.close()


def test_what_was_skipped_before_a_rebalance_is_no_reason_to_skip_after_it() -> None:
    """A partition that comes back may be read from further back: offsets were reset, or the other one was behind."""
    with mock_broker() as bootstrap:
        consumer, sender = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"}), EventProducer(bootstrap, "t")
        skipping = Unreadable(bootstrap, "a-tail", consumer, sender)
        skipping._ends = {("prompts", 0): 105, ("swipes", 3): 40}
        skipping.look_ahead([TopicPartition("prompts", 0)])
        assert skipping._ends == {("swipes", 3): 40}
        consumer.close()
        sender.close()
