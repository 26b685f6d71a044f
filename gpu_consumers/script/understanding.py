"""From a prompt to its topic."""

from __future__ import annotations

from dataclasses import replace

from gpu_consumers.script import readers, series
from gpu_consumers.script.clean import clean, picture_words, sentences
from gpu_consumers.script.english import sentence_case
from gpu_consumers.script.lexicon import PREPOSITIONS
from gpu_consumers.script.phrases import theme
from gpu_consumers.script.topic import Topic

#: More words than this name nothing.
_LONGEST_NAME = 8
#: Kinds of a first sentence that announces what follows, rather than being part of it.
_ANNOUNCING = ("question", "action", "list", "compare", "topic", "story", "product")


def understand(prompt: str) -> Topic:
    """Take an English prompt apart. Never fails: what cannot be taken apart is a topic by itself."""
    text = series.spelt_out(clean(prompt))
    if not any(character.isalnum() for character in text):
        text = picture_words(prompt)
    parts = sentences(text)
    first = readers.read(parts[0]) if parts else None
    if first is None or not first.about:
        return Topic(kind="topic", about="this feeling", title="No words needed")
    return first if len(parts) == 1 else _several(parts, first)


def _several(parts: list[str], first: Topic) -> Topic:
    """Several sentences: one that asks or names comes first and the rest is its content, or all of them are."""
    if first.facts:  # a product, and what the first sentence tells of it
        return replace(first, facts=(*first.facts, *map(sentence_case, parts[1:])))
    announces = first.kind in _ANNOUNCING and len(parts[0]) < 120 and not _is_told(first)
    content = parts[1:] if announces else [readers.unlabelled(parts[0]), *parts[1:]]
    about = first.about if _names(first.about) else theme(" ".join(parts)) or "this story"
    return replace(
        first, kind="facts", about=about, facts=tuple(map(sentence_case, content)), announced=announces, claim=None,
        scenario=None,
    )  # fmt: skip


def _is_told(first: Topic) -> bool:
    """Whether a phrase is too long to name anything: a sentence whose verb was not found."""
    return first.kind == "topic" and len(first.about.split()) > _LONGEST_NAME


def _names(about: str) -> bool:
    """`for three days` is what is left of a sentence, and no name."""
    words = about.lower().split()
    return len(words) <= _LONGEST_NAME and words[0] not in PREPOSITIONS
