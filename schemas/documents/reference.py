"""The reference page: every topic, every event with its fields, and the values that they share."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.base import PERSONAL_DATA, Message
from schemas.documents.catalogue import Registry, kept, newest, topics_of, versioned
from schemas.documents.headers import HEADERS
from schemas.documents.json_schema import FOLDER, Schema, schema_of
from schemas.documents.personal import personal_fields
from schemas.documents.shapes import shapes, summary
from schemas.documents.words import cell, described, kind
from schemas.topics import TOPICS

FILE = "docs/reference/events.md"
_HEAD = """\
# Events and tasks

<!-- Made by `swipestream contracts generate` from the contracts in schemas/. Do not edit. -->

Every record holds one JSON object, described below, and carries the headers of a CloudEvent. How to read the topics
from kcat, DuckDB, Flink SQL and ClickHouse, and what may change, stands in [Contracts](../contracts.md). A field whose
"When missing" is empty is always there; any other may be missing, and then means what stands there.
"""


def documents(registry: Registry) -> dict[str, str]:
    """Path → text."""
    models = newest(registry)
    found = shapes(models, "{model}")
    names = {model.TYPE for model in models}
    families = dict.fromkeys(model.FAMILY for model in models)
    parts = [
        _HEAD,
        _topics(),
        _headers(),
        _personal(models),
        *(_family(family, _of(family, models), found) for family in families),
        "## Shared values\n",
        *(_value(name, schema) for name, schema in found.items() if name not in names),
    ]
    return {FILE: "\n".join(parts)}


def _topics() -> str:
    rows = [
        (f"`{topic.name}`", topic.key, kept(topic), str(topic.partitions), topic.holds) for topic in TOPICS.values()
    ]
    return "## Topics\n\n" + _table(("Topic", "Key", "Kept", "Partitions", "Holds"), rows)


def _headers() -> str:
    rows = [(f"`{header.name}`", "yes" if header.required else "no", header.description) for header in HEADERS]
    return "## Headers\n\n" + _table(("Header", "Always there", "What it says"), rows)


def _personal(models: Iterable[type[Message]]) -> str:
    rows = [
        (f"[{model.TYPE}](#{model.TYPE.lower()})", f"`{model.FAMILY}`", f"`{field}`")
        for model in models
        for field in personal_fields(schema_of(model))
    ]
    return (
        f"## Personal data\n\nFields that tell of one person carry `{PERSONAL_DATA}` in every schema. What else stands "
        "in such a record is about that person.\n\n" + _table(("Message", "Topics", "Field"), rows)
    )


def _of(family: str, models: Iterable[type[Message]]) -> list[type[Message]]:
    return [model for model in models if family == model.FAMILY]


def _family(family: str, models: Iterable[type[Message]], found: dict[str, Schema]) -> str:
    topics = topics_of(family)
    where = f"Topic{'s' * (len(topics) != 1)}: {', '.join(f'`{topic.name}`' for topic in topics)}."
    place = f" Key: `{topics[0].key}`. Kept: {kept(topics[0])}.\n" if topics else "\n"
    return f"## {family}\n\n{where}{place}\n" + "\n".join(_message(model, found[model.TYPE]) for model in models)


def _message(model: type[Message], schema: Schema) -> str:
    name = versioned(model)
    head = (
        f"### {model.TYPE}\n\n{summary(model)}\n\nVersion {model.VERSION}: [{name}.json](../../{FOLDER}/{name}.json)."
    )
    return f"{head}\n\n{_fields(schema)}"


def _value(name: str, schema: Schema) -> str:
    told = schema.get("description", "").strip()
    if "enum" in schema:
        return f"### {name}\n\n{told}\n\nOne of: {', '.join(f'`{value}`' for value in schema['enum'])}.\n"
    return f"### {name}\n\n{told}\n\n{_fields(schema)}"


def _fields(schema: Schema) -> str:
    required = schema.get("required", ())
    rows = [
        (f"`{name}`", kind(field), "" if name in required else cell(field.get("default")), described(field))
        for name, field in schema["properties"].items()
    ]
    return _table(("Field", "Type", "When missing", "What it says"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
