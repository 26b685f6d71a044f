"""Golden files: every version that was ever written can be read, and the codec still writes what it wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import codec
from schemas.base import REGISTRY
from schemas.documents.catalogue import newest, versioned
from tests.contract.contract_kit import GOLDEN, golden

NAMES = sorted(place.stem for place in GOLDEN.glob("*.json"))


def decoded(record: dict[str, Any]) -> Any:
    value = json.dumps(record["value"]).encode()
    return codec.decode(record["topic"], record["key"].encode(), value, record["headers"])


def keeps(old: Any, new: Any) -> bool:
    """Whether `new` says all that `old` says. A field that came later may be in it: golden files stay as they are."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and keeps(value, new[name]) for name, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(keeps(*both) for both in zip(old, new, strict=True))
    return bool(old == new)


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_record_can_be_read(name: str) -> None:
    # given
    record, (kind, _, version) = golden(name), name.partition(".v")
    # when
    envelope = decoded(record)
    # then
    assert record["headers"]["ce_dataschema"] == f"urn:swipestream:schema:{kind}:{version}"
    assert (envelope.type, envelope.id) == (kind, record["headers"]["ce_id"])
    assert envelope.causation_id == record["headers"]["ce_causationid"]


@pytest.mark.parametrize("name", [versioned(model) for model in newest(REGISTRY)])
def test_what_was_read_is_written_as_it_was(name: str) -> None:
    record = golden(name)
    written = codec.encode(decoded(record), record["topic"])
    assert keeps(record["value"], json.loads(written.value))
    assert {header: value.decode() for header, value in written.headers} == record["headers"]
    assert written.key == record["key"].encode()


def test_there_is_one_for_every_version_up_to_the_newest() -> None:
    versions = {model.TYPE: range(1, model.VERSION + 1) for model in newest(REGISTRY)}
    assert set(NAMES) == {f"{name}.v{version}" for name, known in versions.items() for version in known}
