"""Products: prompts that ask for an advertisement, or introduce something by its name."""

from __future__ import annotations

import re

from gpu_consumers.script.english import article, is_plural
from gpu_consumers.script.lexicon import DETERMINERS
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
_NAMED_LAST = re.compile(r"^(?:my|our|the|this|an?)\s+(?P<what>(?:[a-z][\w-]*\s+)+)(?:called\s+)?(?P<name>[A-Z].*)$")
_OWN = re.compile(r"^(?:my|our|this)\s+")
_CALLED = re.compile(r"\s+(?:called|named)$")


def product(sentence: str) -> Topic | None:
    """The product of an advertisement, with what the prompt says that it is; None where none is asked for."""
    asked = _ASKED.match(sentence) or _SOLD.match(sentence) or _SHOWN.match(sentence)
    rest = asked["rest"].strip(" .!?:,;\"'") if asked else ""
    if not rest:
        return None
    name, _, what = (part.strip() for part in rest.partition(", "))
    last = _NAMED_LAST.match(name)
    if last and not what:
        kind = _CALLED.sub("", last["what"].strip())
        name, what = last["name"], f"{article(kind.split()[0])} {kind}"
    about = _OWN.sub("", name)
    if about[:1].islower() and not is_plural(about) and about.split()[0] not in DETERMINERS:
        about = f"the {about}"
    described = what if what.split(" ")[0] in ("a", "an", "the", "our", "your") else None
    return Topic(kind="product", about=about, title=titled(about), what=described, product=True)
