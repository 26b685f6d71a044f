"""The AsyncAPI document: valid by the official schema, complete, and without a reference into nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from schemas.documents.asyncapi import FILE
from schemas.topics import TOPICS, Topic
from tests.contract.contract_kit import MESSAGES, ROOT, golden

DOCUMENT = json.loads((ROOT / FILE).read_bytes())
OFFICIAL = Draft7Validator(json.loads((ROOT / "tests/contract/asyncapi/3.0.0.json").read_bytes()))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        for part in node.values():
            yield from references(part)
    if isinstance(node, list):
        for part in node:
            yield from references(part)


def resolved(reference: str) -> Any:
    node = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        node = node[name]
    return node


def test_it_is_valid_by_the_official_schema() -> None:
    assert [f"{list(error.path)}: {error.message}" for error in OFFICIAL.iter_errors(DOCUMENT)] == []


def test_the_official_schema_would_refuse_a_broken_one() -> None:
    broken = DOCUMENT | {"channels": DOCUMENT["channels"] | {"swipes": {"bindings": {"kafka": {"partitions": "4"}}}}}
    assert not OFFICIAL.is_valid(broken)


def test_every_reference_leads_somewhere() -> None:
    assert [reference for reference in set(references(DOCUMENT)) if not resolved(reference)] == []


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_every_topic_is_a_channel_with_its_settings(topic: Topic) -> None:
    channel = DOCUMENT["channels"][topic.name]
    kafka = channel["bindings"]["kafka"]
    assert (channel["address"], kafka["partitions"]) == (topic.name, topic.partitions)
    assert kafka["topicConfiguration"]["retention.ms"] == topic.retention_ms
    assert f"Key: {topic.key}." in channel["description"]
    assert set(channel["messages"]) >= {model.TYPE for model in MESSAGES if topic.family == model.FAMILY}


@pytest.mark.parametrize("model", MESSAGES, ids=lambda model: model.TYPE)
def test_the_golden_record_of_a_message_is_what_its_channel_says(model: Any) -> None:
    # given
    record = golden(f"{model.TYPE}.v{model.VERSION}")
    message = resolved(DOCUMENT["channels"][record["topic"]]["messages"][model.TYPE]["$ref"])
    # then
    for part, value in (("payload", record["value"]), ("headers", record["headers"])):
        schema = message[part] | {"components": DOCUMENT["components"]}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(value)] == []
