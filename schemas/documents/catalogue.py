"""What there is to document: which messages travel on which topics, and how long they are kept."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.base import Message
from schemas.topics import DAY_MS, FOREVER, HOUR_MS, TOPICS, Topic

Registry = Mapping[tuple[str, int], type[Message]]

_UNITS = ((DAY_MS, "day"), (HOUR_MS, "hour"), (HOUR_MS // 60, "minute"))


def newest(registry: Registry) -> list[type[Message]]:
    """The newest version of every message, in the order of the topics and, within a topic, of definition."""
    versions = {name: max(number for known, number in registry if known == name) for name, _ in registry}
    models = [registry[(name, version)] for name, version in versions.items()]
    return sorted(models, key=_place)


def topics_of(family: str) -> list[Topic]:
    """The topics that hold messages of a family."""
    return [topic for topic in TOPICS.values() if topic.family == family]


def messages_on(topic: Topic, registry: Registry) -> list[type[Message]]:
    """The messages that a topic holds; all of them for dead letters, which keep records of any family."""
    if topic.compact:
        return []
    return [model for model in newest(registry) if topic.family in (model.FAMILY, "")]


def versioned(model: type[Message]) -> str:
    """`Type.v1`: the name of a version in file names and documents."""
    return f"{model.TYPE}.v{model.VERSION}"


def kept(topic: Topic) -> str:
    """How long a topic keeps its records, in words."""
    if topic.compact:
        return "newest of each key"
    if topic.retention_ms == FOREVER:
        return "for ever"
    size, unit = next((size, unit) for size, unit in _UNITS if topic.retention_ms % size == 0)
    count = topic.retention_ms // size
    return f"{count} {unit}{'s' * (count != 1)}"


def _place(model: type[Message]) -> int:
    families = [topic.family for topic in TOPICS.values()]
    return families.index(model.FAMILY) if model.FAMILY in families else len(families)
