"""The codec: what is encoded decodes to the same, and what is broken is refused with its reason."""

from __future__ import annotations

import json

import pytest

from schemas import codec, errors, ids
from schemas.envelope import Envelope, caused_by, root
from schemas.prompts import PromptSubmitted
from schemas.values import Lane, Origin

VIDEO = ids.video_id("a-test")


def submitted(**changes: object) -> Envelope[PromptSubmitted]:
    data = {
        "video_id": VIDEO,
        "text": "Why do cats purr?",
        "origin": Origin.PERSON,
        "lane": Lane.INTERACTIVE,
        "ts_us": 1,
    }
    return root(PromptSubmitted.model_validate(data | changes), source="/test")


def test_an_envelope_survives_the_wire() -> None:
    sent = submitted(viewer_id="v-1")
    record = codec.encode(sent)
    assert codec.decode(record.topic, record.key, record.value, record.headers) == sent


def test_the_wire_is_cloudevents_binary_mode() -> None:
    record = codec.encode(submitted())
    headers = dict(record.headers)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"swipestream.PromptSubmitted"
    assert headers["ce_dataschema"] == b"urn:swipestream:schema:PromptSubmitted:1"
    assert headers["content-type"] == b"application/json"
    assert record.key == VIDEO.encode()
    assert json.loads(record.value)["text"] == "Why do cats purr?"


def test_an_effect_has_a_derived_id_and_knows_where_it_comes_from() -> None:
    cause = submitted()
    first = caused_by(cause, cause.data, source="/test", step="again")
    second = caused_by(cause, cause.data, source="/test", step="again")
    assert first.id == second.id != cause.id
    assert (first.correlation_id, first.causation_id) == (cause.id, cause.id)
    assert first.traceparent is not None and cause.traceparent is not None
    assert first.traceparent.split("-")[1] == cause.traceparent.split("-")[1]


def test_a_reader_ignores_fields_it_does_not_know() -> None:
    record = codec.encode(submitted())
    newer = json.dumps(json.loads(record.value) | {"colour": "red"}).encode()
    assert codec.decode(record.topic, record.key, newer, record.headers).data == submitted().data


GOOD = codec.encode(submitted())
HEADERS = dict(GOOD.headers)
URN = "urn:swipestream:schema:"


@pytest.mark.parametrize(
    ("reason", "topic", "key", "value", "headers"),
    [
        (errors.EmptyRecordError, "prompts", GOOD.key, None, HEADERS),
        (errors.EmptyRecordError, "prompts", GOOD.key, b"", HEADERS),
        (errors.MissingKeyError, "prompts", None, GOOD.value, HEADERS),
        (errors.MissingHeaderError, "prompts", GOOD.key, GOOD.value, None),
        (errors.MissingHeaderError, "prompts", GOOD.key, GOOD.value, HEADERS | {"ce_id": b"\xff"}),
        (errors.MissingHeaderError, "prompts", GOOD.key, GOOD.value, HEADERS | {"ce_time": b"yesterday"}),
        (errors.InvalidPayloadError, "prompts", GOOD.key, b"not json", HEADERS),
        (errors.InvalidPayloadError, "prompts", GOOD.key, b"[1]", HEADERS),
        (errors.InvalidPayloadError, "prompts", GOOD.key, b"x" * 900_000, HEADERS),
        (errors.UnknownTypeError, "prompts", GOOD.key, GOOD.value, HEADERS | {"ce_type": b"else.Thing"}),
        (
            errors.UnknownTypeError, "prompts", GOOD.key, GOOD.value,
            HEADERS | {"ce_type": b"swipestream.Nothing", "ce_dataschema": f"{URN}Nothing:1".encode()},
        ),
        (
            errors.UnknownVersionError, "prompts", GOOD.key, GOOD.value,
            HEADERS | {"ce_dataschema": f"{URN}PromptSubmitted:99".encode()},
        ),
        (errors.WrongTopicError, "swipes", GOOD.key, GOOD.value, HEADERS),
        (errors.KeyMismatchError, "prompts", b"another", GOOD.value, HEADERS),
    ],
)  # fmt: skip
def test_what_is_broken_is_refused_with_its_reason(
    reason: type[Exception], topic: str, key: bytes | None, value: bytes | None, headers: dict[str, bytes] | None
) -> None:
    with pytest.raises(reason):
        codec.decode(topic, key, value, headers)
