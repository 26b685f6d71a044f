"""Compatibility, tried out: whatever a published schema allows can be read, whatever is written today is published."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from infra.contracts.compatibility import Version
from infra.contracts.published import published
from schemas import codec
from schemas.base import REGISTRY, Message
from schemas.documents.json_schema import document
from tests.contract.contract_kit import MESSAGES, ROOT, Schema, golden, named, pythonic
from tests.contract.instances import Values, instances

PUBLISHED = published(ROOT)
TODAY = {(model.TYPE, model.VERSION): document(model) for model in MESSAGES}
_KNOWN: dict[tuple[int, Version], tuple[Schema, Draft202012Validator, Values]] = {}
quick = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def known(schemas: dict[Version, Schema], version: Version) -> tuple[Schema, Draft202012Validator, Values]:
    """A schema, what checks it and what draws from it; made once, since making them takes longer than using them."""
    place = (id(schemas), version)
    if place not in _KNOWN:
        plain = pythonic(schemas[version])
        _KNOWN[place] = (schemas[version], Draft202012Validator(plain), instances(plain))
    return _KNOWN[place]


@pytest.mark.parametrize("version", PUBLISHED, ids="{0[0]}.v{0[1]}".format)
@quick
@given(data=st.data())
def test_what_a_published_schema_allows_can_be_read_today(version: tuple[str, int], data: st.DataObject) -> None:
    # given: any value of a schema that was ever published
    schema, allowed, values = known(PUBLISHED, version)
    value = data.draw(values)
    assert allowed.is_valid(value)
    # when: it comes as a record of that time
    record = golden("{}.v{}".format(*version))
    key = str(value[schema["x-key"]]).encode()
    found = codec.decode(record["topic"], key, json.dumps(value).encode(), record["headers"])
    # then: it is read, as the newest version
    assert found.type == version[0]


@pytest.mark.parametrize("model", MESSAGES, ids=named)
@quick
@given(data=st.data())
def test_what_is_written_today_passes_the_published_schema(model: type[Message], data: st.DataObject) -> None:
    # given: the last published schema of today's version, and any value of today's contract
    version = (model.TYPE, model.VERSION)
    if version not in PUBLISHED:
        pytest.skip(f"{named(model)} is not published yet")
    value = model.model_validate_json(json.dumps(data.draw(known(TODAY, version)[2])))
    # when: it is written
    wire: dict[str, Any] = json.loads(value.model_dump_json())
    # then: a reader that knows only the published schema takes it
    assert [error.message for error in known(PUBLISHED, version)[1].iter_errors(wire)] == []


def test_every_registered_version_that_was_published_is_still_known() -> None:
    newest = {name: max(number for known, number in REGISTRY if known == name) for name, _ in REGISTRY}
    assert all(version <= newest[name] for name, version in PUBLISHED)
