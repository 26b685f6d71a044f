"""Generated documents: nothing has drifted, nothing is missing, and what they say is so."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from infra.contracts import files
from infra.contracts.columns import ENVELOPE, PLACE
from infra.contracts.compare import inlined, paths
from schemas import codec
from schemas.base import PERSONAL_DATA, REGISTRY, Contract, Message, ViewerId
from schemas.documents.bundle import bundle
from schemas.documents.catalogue import kept, messages_on, newest, versioned
from schemas.documents.headers import HEADERS
from schemas.documents.json_schema import document, schema_of
from schemas.documents.personal import personal_fields
from schemas.documents.shapes import shapes
from schemas.documents.typescript import FILE as TYPESCRIPT
from schemas.envelope import caused_by, root
from schemas.swipes import SwipeRecorded
from schemas.topics import TOPICS, Topic
from tests.contract.contract_kit import GOLDEN, MESSAGES, ROOT, golden, named

PAGE = (ROOT / "docs/reference/events.md").read_text(encoding="utf-8")


def test_generated_files_are_as_the_contracts_say() -> None:
    assert files.drift(ROOT, bundle(REGISTRY)) == [], "run `swipestream contracts generate`"


@pytest.mark.parametrize("model", MESSAGES, ids=named)
def test_every_message_has_its_schema_its_golden_file_its_entry_and_its_type(model: type[Message]) -> None:
    assert (ROOT / f"schemas/documents/json/{versioned(model)}.json").is_file()
    assert (GOLDEN / f"{versioned(model)}.json").is_file(), "write one golden file for each version, by hand, once"
    assert f"### {model.TYPE}\n" in PAGE
    assert f"export interface {model.TYPE} {{" in (ROOT / TYPESCRIPT).read_text(encoding="utf-8")


@pytest.mark.parametrize("model", MESSAGES, ids=named)
def test_a_schema_is_valid_and_says_who_it_is(model: type[Message]) -> None:
    schema = document(model)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:swipestream:schema:{model.TYPE}:{model.VERSION}"
    assert schema["x-topics"] and schema["x-key"] in schema["required"]


@pytest.mark.parametrize("model", MESSAGES, ids=named)
def test_the_key_of_a_record_is_the_field_that_the_topic_names(model: type[Message]) -> None:
    record = golden(versioned(model))
    assert record["key"] == record["value"][document(model)["x-key"]]


@pytest.mark.parametrize("model", MESSAGES, ids=named)
def test_every_viewer_is_marked_as_personal_data(model: type[Message]) -> None:
    fields = personal_fields(document(model))
    assert fields == [path for path in paths(inlined(document(model))) if path.split(".")[-1] == "viewer_id"]
    assert all(f"| [{model.TYPE}](#{model.TYPE.lower()}) | `{model.FAMILY}` | `{field}` |" in PAGE for field in fields)


def test_no_two_values_have_the_same_name() -> None:
    # A second class of a name gives the first another name in TypeScript: these two were so from the beginning.
    known = {"SwipesAction", "DeadlettersAction"}
    names = {schema["title"]: name for name, schema in shapes(MESSAGES, "{model}").items() if name != schema["title"]}
    assert set(names.values()) <= known, "rename the new class"


def test_a_mark_is_found_however_deep_it_is() -> None:
    class Inner(Contract):
        viewer_id: ViewerId | None = None

    class Outer(Contract):
        inner: Inner
        others: tuple[ViewerId, ...]
        by_name: dict[str, Inner]

    assert personal_fields(schema_of(Outer)) == ["inner.viewer_id", "others[]", "by_name{}.viewer_id"]


def test_the_mark_stands_at_the_field_alone() -> None:
    field = document(SwipeRecorded)["properties"]["viewer_id"]
    assert field[PERSONAL_DATA] is True
    assert json.dumps(document(REGISTRY[("PromptSubmitted", 1)])).count(PERSONAL_DATA) == 1


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_the_page_names_every_topic(topic: Topic) -> None:
    assert f"| `{topic.name}` | {topic.key} | {kept(topic)} |" in PAGE


def test_the_headers_are_those_that_the_codec_writes() -> None:
    # given: an event with a cause, so that every header is there, and one without
    data = SwipeRecorded.model_validate(golden("SwipeRecorded.v1")["value"])
    first = root(data, source="/test", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    written = [codec.encode(envelope).headers for envelope in (caused_by(first, data, source="/test", step="s"), first)]
    # then
    assert [name for name, _ in written[0]] == [header.name for header in HEADERS]
    assert {header.name for header in HEADERS if header.required} <= {name for name, _ in written[1]}


def test_no_field_of_a_contract_has_the_name_of_an_exported_column() -> None:
    fields = {name for model in MESSAGES for name in model.model_fields}
    assert not fields & (PLACE.keys() | ENVELOPE.keys())
    assert not [name for name in fields if name.startswith(("_", "ce_"))]


def test_a_topic_of_no_family_holds_everything_and_a_table_nothing() -> None:
    assert messages_on(TOPICS["projector.dead"], REGISTRY) == newest(REGISTRY)
    assert messages_on(next(topic for topic in TOPICS.values() if topic.compact), REGISTRY) == []


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        (Topic(name="t", family="", key="", holds=""), "for ever"),
        (Topic(name="t", family="", key="", holds="", retention_ms=86_400_000), "1 day"),
        (Topic(name="t", family="", key="", holds="", retention_ms=900_000), "15 minutes"),
        (Topic(name="t", family="", key="", holds="", retention_ms=7_200_000), "2 hours"),
        (Topic(name="t", family="", key="", holds="", compact=True), "newest of each key"),
    ],
)
def test_how_long_a_topic_is_kept_is_said_in_words(topic: Topic, words: str) -> None:
    assert kept(topic) == words
