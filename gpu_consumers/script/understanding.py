"""From a prompt to its topic."""

from __future__ import annotations

from dataclasses import replace

from gpu_consumers.script import readers
from gpu_consumers.script.clean import clean, picture_words, sentences
from gpu_consumers.script.english import sentence_case
from gpu_consumers.script.topic import Topic

#: Kinds of a first sentence that announces what follows, rather than being part of it.
_ANNOUNCING = ("question", "action", "list", "compare", "topic", "story", "product")


def understand(prompt: str) -> Topic:
    """Take an English prompt apart. Never fails: what cannot be taken apart is a topic by itself."""
    text = clean(prompt)
    if not any(character.isalnum() for character in text):
        text = picture_words(prompt)
    parts = sentences(text)
    first = readers.read(parts[0]) if parts else None
    if first is None or not first.about:
        return Topic(kind="topic", about="this feeling", title="No words needed")
    return first if len(parts) == 1 else _several(parts, first)


def _several(parts: list[str], first: Topic) -> Topic:
    """Several sentences: one that asks or names comes first and the rest is its content, or all of them are."""
    announces = first.kind in _ANNOUNCING and len(parts[0]) < 120
    content = parts[1:] if announces else [readers.unlabelled(parts[0]), *parts[1:]]
    return replace(
        first, kind="facts", facts=tuple(map(sentence_case, content)), announced=announces, claim=None, scenario=None
    )
