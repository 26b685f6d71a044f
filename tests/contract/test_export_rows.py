"""From records to columns: nothing is lost on the way into Parquet, and what cannot be read says why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.contracts import parquet
from infra.contracts.columns import ENVELOPE, PLACE, columns
from infra.contracts.errors import BadMomentError
from infra.contracts.moments import moment_ms
from infra.contracts.rows import row
from infra.errors import BadInputError
from infra.kafka.records import Raw
from schemas import codec
from schemas.base import REGISTRY, Message
from schemas.documents.json_schema import document
from schemas.envelope import root
from tests.contract.contract_kit import MESSAGES, golden, named, pythonic
from tests.contract.instances import instances

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def raw(record: dict[str, Any], **changes: Any) -> Raw:
    """A golden record as it is read from Kafka."""
    fields = {
        "topic": record["topic"],
        "partition": 1,
        "offset": 7,
        "timestamp_ms": 1_795_000_000_123,
        "key": record["key"].encode(),
        "value": json.dumps(record["value"]).encode(),
        "headers": tuple((name, value.encode()) for name, value in record["headers"].items()),
    }
    return Raw(**(fields | changes))


def told(record: Raw) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row(record)[0])
    return found


def test_a_row_is_place_headers_and_fields() -> None:
    # given
    record = golden("SwipeRecorded.v1")
    # when
    found = told(raw(record))
    # then
    assert found["_topic"] == "swipes"
    assert (found["_partition"], found["_offset"], found["_key"]) == (1, 7, record["key"])
    assert found["_timestamp"] == "2026-11-18T11:06:40.123000+00:00"
    assert (found["ce_id"], found["ce_type"]) == (record["headers"]["ce_id"], "swipestream.SwipeRecorded")
    assert {name: found[name] for name in record["value"]} == record["value"]
    assert "_error" not in found


def test_headers_without_a_column_are_kept() -> None:
    # given: a dead letter
    record = golden("SwipeRecorded.v1")
    headers = (*raw(record).headers, ("dl_reason", b"BoomError"), ("odd", b"\xff"), ("none", None))
    # then
    found = told(raw(record, topic="projector.dead", headers=headers))
    assert found["_headers"] == {"dl_reason": "BoomError", "odd": "�", "none": None}
    assert found["subject"] == "cats"


@pytest.mark.parametrize(
    ("changes", "reason", "value"),
    [
        ({"value": b"not json"}, "InvalidPayloadError", "not json"),
        ({"value": None}, "EmptyRecordError", None),
        ({"value": b"\xff\xfe"}, "InvalidPayloadError", "\ufffd\ufffd"),
        ({"headers": ()}, "MissingHeaderError", ...),
        ({"key": None}, "MissingKeyError", ...),
        ({"key": b"another"}, "KeyMismatchError", ...),
        ({"topic": "prompts"}, "WrongTopicError", ...),
    ],
)
def test_a_record_that_cannot_be_read_is_a_row_that_says_why(changes: Any, reason: str, value: Any) -> None:
    line, unreadable = row(raw(golden("SwipeRecorded.v1"), **changes))
    found = json.loads(line)
    assert unreadable == reason
    assert found["_error"].startswith(f"{reason}: ")
    assert value is ... or found["_value"] == value
    assert "subject" not in found


@pytest.mark.parametrize(("digits", "readable"), [("9223372036854775807", True), ("9223372036854775808", False)])
def test_a_number_beyond_64_bits_is_told_and_not_bent(digits: str, readable: bool) -> None:
    value = golden("SwipeRecorded.v1")["value"]
    text = json.dumps(value).replace(str(value["ts_us"]), digits)
    _, unreadable = row(raw(golden("SwipeRecorded.v1"), value=text.encode()))
    assert unreadable == (None if readable else "InvalidPayloadError")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-11-21T12:00:00+02:00", "2026-11-21T10:00:00+00:00"),
        ("2026-11-21T12:00:00", "2026-11-21T12:00:00+00:00"),
        ("yesterday", None),
        ("9999-12-31T23:59:59-12:00", None),
    ],
)
def test_times_are_utc_and_what_is_no_time_is_none(given: str, kept: str | None) -> None:
    headers = tuple(
        (name, given.encode() if name == "ce_time" else value)
        for name, value in raw(golden("SwipeRecorded.v1")).headers
    )
    assert told(raw(golden("SwipeRecorded.v1"), headers=headers))["ce_time"] == kept


def test_columns_are_those_of_all_messages_on_a_topic() -> None:
    found = columns([model for model in MESSAGES if model.FAMILY == "video-events"])
    assert list(found)[: len(PLACE)] == list(PLACE)
    assert ENVELOPE.items() <= found.items()
    assert found["duration_ms"] == "BIGINT"
    assert found["video"] == 'STRUCT("sha256" VARCHAR, "suffix" VARCHAR, "media_type" VARCHAR, "size" BIGINT)'
    assert found["words"] == 'STRUCT("text" VARCHAR, "start_ms" BIGINT, "end_ms" BIGINT)[]'
    assert columns([REGISTRY[("InterestChanged", 1)]])["interests"] == "MAP(VARCHAR, DOUBLE)"


def test_a_field_that_means_different_things_holds_any_value() -> None:
    class Number(Message):
        size: int

    class Text(Message):
        size: str

    class Share(Message):
        size: float

    for model in (Number, Text, Share):
        model.TYPE = model.__name__
    assert columns([Number, Text])["size"] == "JSON"
    assert columns([Number, Share])["size"] == "DOUBLE"


@pytest.mark.parametrize("model", MESSAGES, ids=named)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_contract_allows_survives_parquet(
    model: type[Message], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # given: any few values of a contract
    values = data.draw(st.lists(instances(pythonic(document(model))), min_size=1, max_size=3))
    models = [model.model_validate_json(json.dumps(value)) for value in values]
    topic = "scene-tasks.bulk" if model.FAMILY == "scene-tasks" else model.FAMILY
    records = [codec.encode(root(value, source="/test"), topic) for value in models]
    lines = [
        row(
            Raw(
                topic=topic,
                partition=0,
                offset=at,
                timestamp_ms=at,
                key=one.key,
                value=one.value,
                headers=tuple(one.headers),
            )
        )
        for at, one in enumerate(records)
    ]
    # when
    place = tmp_path_factory.mktemp("export") / "out.parquet"
    parquet.write(place, [line for line, _ in lines], columns([model]))
    # then: each readable one is there, whole
    rows = duckdb.read_parquet(str(place)).order("_offset").query("t", "SELECT to_json(t) FROM t").fetchall()
    found = [json.loads(text) for (text,) in rows]
    for one, (_, unreadable), value in zip(found, lines, models, strict=True):
        wire = json.loads(value.model_dump_json())
        assert unreadable or {name: one[name] for name in wire} == wire


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    # given: an export from before
    out = tmp_path / "out.parquet"
    parquet.write(out, [], {"_partition": "INTEGER", "_offset": "BIGINT"})
    before = out.read_bytes()

    # when: reading breaks off
    def broken() -> Any:
        yield b"{}\n"
        raise RuntimeError("Kafka is gone")

    with pytest.raises(RuntimeError):
        parquet.write(out, broken(), {"_partition": "INTEGER", "_offset": "BIGINT"})
    # then
    assert out.read_bytes() == before
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="No such file or directory"):
        parquet.write(tmp_path / "nowhere/out.parquet", [], {"_partition": "INTEGER", "_offset": "BIGINT"})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", "2026-11-20T00:00:00+00:00"),
        ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00+00:00"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00+00:00"),
        ("90m", "2026-11-21T10:30:00+00:00"),
        (" 1.5 h ", "2026-11-21T10:30:00+00:00"),
        ("7d", "2026-11-14T12:00:00+00:00"),
        ("2w", "2026-11-07T12:00:00+00:00"),
        ("0s", "2026-11-21T12:00:00+00:00"),
    ],
)
def test_a_moment_is_a_time_or_how_long_ago_it_was(text: str, moment: str) -> None:
    assert moment_ms(text, NOW) == int(datetime.fromisoformat(moment).timestamp() * 1000)


@pytest.mark.parametrize("text", ["", "yesterday", "7", "-7d", "7y", "999999999w", "2026-13-01"])
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(BadMomentError):
        moment_ms(text, NOW)
