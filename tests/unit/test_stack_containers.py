"""The containers of the tests, as far as that can be seen without an engine."""

from __future__ import annotations

import warnings

import pytest

from infra.stack.kafka import SETTINGS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    containers = pytest.importorskip("tests.containers")


def test_the_images_are_those_of_the_compose_file() -> None:
    assert containers.image("kafka") == "apache/kafka:4.3.1"
    assert containers.image("cassandra") == "cassandra:5.0"


def test_the_broker_tells_clients_the_address_they_reach_it_at() -> None:
    environment = containers.kafka_environment(20_000)

    assert "BROKER://127.0.0.1:20000" in environment["KAFKA_ADVERTISED_LISTENERS"]
    assert "BROKER://0.0.0.0:20000" in environment["KAFKA_LISTENERS"]
    assert environment["KAFKA_GROUP_CONSUMER_SESSION_TIMEOUT_MS"] == SETTINGS["group.consumer.session.timeout.ms"]
