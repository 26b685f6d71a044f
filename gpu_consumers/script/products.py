"""Products: prompts that ask for an advertisement, or introduce something by its name."""

from __future__ import annotations

import re

from gpu_consumers.script.english import article, is_plural, sentence_case
from gpu_consumers.script.lexicon import DETERMINERS, PREPOSITIONS, known
from gpu_consumers.script.topic import Topic, titled

_MADE = r"(?:(?:please\s+)?(?:make|create|write|generate|produce|film|do)\s+(?:me\s+|us\s+)?)?"
_AD = (
    r"(?:ads?|adverts?|advertisements?|commercials?|promos?|product (?:video|demo|tour|launch)|launch video)"
    r"(?: (?:video|clip|spot))?"
)
_ASKED = re.compile(
    rf"^{_MADE}(?:(?:an?|the|my|our|another)\s+)?(?:(?!of\b|about\b)[\w-]+\s+){{0,2}}?{_AD}\s*(?:for\s|about\s|of\s|:|,)\s*"
    r"(?P<rest>.+)$",
    re.IGNORECASE,
)
#: `Promote peace` is no advertisement: something of somebody's own, or with an article, is.
_SOLD = re.compile(r"^(?:[Aa]dvertise|[Pp]romote)\s+(?P<rest>(?:(?:my|our|the|this|an?)\s|[A-Z]).+)$")
_SHOWN = re.compile(
    r"^(?:[Ii]ntroducing|[Mm]eet|[Aa]nnouncing)\s+(?P<rest>[A-Z][^,]{0,60},\s+(?:an?|the|our|your)\s.+)$"
)
_NAMED_LAST = re.compile(
    r"^(?:(?:my|our|the|this|an?)\s+)?(?P<what>(?:[a-z][a-z-]*\s+)+)(?P<name>[A-Z][\w'&-]*(?:\s+(?:&|of|and|the|[A-Z][\w'&-]*))*)$"
)
#: A dot after one of these, or after a single letter, ends nothing.
_SHORT = "".join(rf"(?<!\b{word})" for word in ("Dr", "Mr", "Ms", "St", "No", "Mrs", "Prof", "[A-Z]"))
#: What is told of a product comes after the first of these.
_TOLD = re.compile(rf"\s*(?:[:;,]|{_SHORT}\.|\s-)\s+")
_OWN = re.compile(r"^(?:my|our|this)\s+")
_CALLED = re.compile(r"\s+(?:called|named)$")


def product(sentence: str) -> Topic | None:
    """The product of an advertisement, with what the prompt says that it is; None where none is asked for."""
    asked = _ASKED.match(sentence) or _SOLD.match(sentence) or _SHOWN.match(sentence)
    rest = asked["rest"].strip(" .!?:,;\"'") if asked else ""
    if not rest:
        return None
    name, *told = _TOLD.split(rest, maxsplit=1)
    name, kind = _named(name)
    about = _OWN.sub("", name)
    if about[:1].islower() and not is_plural(about) and about.split()[0] not in DETERMINERS:
        about = f"the {about}"
    points = tuple(_points(told[0])) if told else ()
    if points and not _describes(points[0]):
        return _introduced(about, kind, points)
    what = told[0] if points else kind
    return Topic(kind="product", about=about, title=titled(about), what=what, product=True)


def _named(phrase: str) -> tuple[str, str | None]:
    """`my coffee shop Morning Bird` → (`Morning Bird`, `a coffee shop`); a phrase without such a name is the name."""
    last = _NAMED_LAST.match(phrase)
    kind = _CALLED.sub("", last["what"].strip()) if last else ""
    if last is None or not kind or kind.split()[-1] in {*known("adjectives"), *PREPOSITIONS}:
        return phrase, None
    return last["name"], kind if is_plural(kind) else f"{article(kind.split()[0])} {kind}"


def _points(told: str) -> list[str]:
    return [point for each in _TOLD.split(told) if (point := each.strip(" .!?\"'"))]


def _describes(point: str) -> bool:
    return point.split()[0].lower() in ("a", "an", "the", "our", "your")


def _introduced(about: str, kind: str | None, points: tuple[str, ...]) -> Topic:
    """What is told of a product without an article is told in its own words."""
    return Topic(
        kind="facts", about=about, title=titled(about), what=kind, product=True, announced=True,
        facts=tuple(map(sentence_case, points)), archetype="problem-solution",
    )  # fmt: skip
