"""Prompts that ask for a list: `5 tips for better sleep`, `the history of coffee in five facts`."""

from __future__ import annotations

import re

from gpu_consumers.script.lexicon import PREPOSITIONS, PRONOUNS, RELATIVES
from gpu_consumers.script.phrases import noun_phrase, turned
from gpu_consumers.script.statements import CONTRACTED, without_adverbs
from gpu_consumers.script.topic import Topic, as_noun, is_verb, titled, wished

_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
            "a few": 3}  # fmt: skip
_COUNT = r"(?P<count>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|a\ few)"
_COUNTED = rf"^(?:(?:the|my|our|your)\s+)?(?:top\s+|best\s+)*{_COUNT}\s+"
_LIST = re.compile(
    _COUNTED
    + r"""
    (?P<items>(?:[\w'-]+\s+){0,3}?(?:[\w'-]+s|people|children|men|women))\b
    (?:\s+(?P<rest>(?:to|for|of|about|on|that|in|every|everyone|why|you|when|who|with|against|at|from|we|i|if|how|
    before|after|which|worth|nobody|no)\b.+))?$""",
    re.IGNORECASE | re.VERBOSE,
)
_BARE_LIST = re.compile(
    r"""^(?:some\s+|the\s+best\s+|best\s+|top\s+)?(?:the\s+)?
    (?P<items>(?:(?!the\b)\w+\s+)?(?:tips|reasons|ways|ideas|habits|mistakes|hacks|tricks|lessons|rules|signs|steps|
    questions|things|places))\s+(?P<rest>(?:to|for|of|about|on|why|you|that)\b.+)$""",
    re.IGNORECASE | re.VERBOSE,
)
#: `5 signs your houseplant is dying`, `3 mistakes new parents make`: what is said of them has lost its `that`.
_CLAUSE_LIST = re.compile(
    _COUNTED
    + r"""
    (?P<items>(?:[\w-]+\s+)?(?:things|signs|mistakes|reasons|ways|habits|lessons|rules|secrets|facts|lies|myths|skills|
    words|phrases|questions|foods|books|places|jobs|tricks|hacks|tips|steps|ideas))\s+(?P<rest>.+)$""",
    re.IGNORECASE | re.VERBOSE,
)
#: Of these one has an amount, and no list: `two minutes of calm`, `24 hours in Tokyo`.
_MEASURES = frozenset("seconds minutes hours days nights weeks months years decades centuries times miles".split())
#: A list that is asked for at the end: `the history of coffee in five facts`.
_IN_ITEMS = re.compile(
    rf"^(?P<rest>.+?)\s+in\s+{_COUNT}\s+(?P<items>facts|things|steps|lessons|tips|rules)$",
    re.IGNORECASE,
)
#: `signs you're dehydrated`, `reasons that you are tired`.
_STATE = re.compile(
    r"^(?:that |why )?you(?:'re| are) (?:always |so |really |very )*(?P<how>(?!not\b)[a-z]+(?: [a-z]+)?)$"
)
#: Things that one picks from, for something to do: `places to see in winter`. What there is to know of a thing is not.
_PICKED = re.compile(r"\b(?:things|places|books|movies|films|shows|songs|foods|dishes|games|cities)$", re.IGNORECASE)
_TO_DO = re.compile(r" to (?!know|remember|consider|learn|understand|think|keep|ask|avoid)\w+\b", re.IGNORECASE)
_DONE_IN = re.compile(r" to \w+ (?:in|at|near|around) (?P<place>[A-Z].+)$")
_ABOUT_AT_END = re.compile(r"\b(?:about|of)\s+(?P<about>[^,]+)$")


def listed(phrase: str, hint: str | None) -> Topic | None:
    """The list that a phrase asks for; None where it asks for none."""
    if asked := _IN_ITEMS.match(phrase):
        link = "to" if is_verb(asked["rest"].split()[0]) else "about"
        return listed(f"{asked['count']} {asked['items']} {link} {asked['rest']}", hint)
    match = _LIST.match(phrase) or _BARE_LIST.match(phrase) or _stated(phrase)
    if not match or match["items"].split()[-1].lower() in _MEASURES:
        return None
    raw = match.groupdict().get("count")
    count = 3 if raw is None else _NUMBERS.get(raw.lower()) or int(raw)
    if not 2 <= count <= 100:
        return None
    items, rest = match["items"], turned(match["rest"] or "")
    heading = f"{items} {rest}".strip()
    about, action = _content(items, rest, heading)
    return Topic(
        kind="list", about=about, action=action, title=titled(phrase), count=count, items=items, heading=heading,
        archetype=hint or "list",
    )  # fmt: skip


def _stated(phrase: str) -> re.Match[str] | None:
    match = _CLAUSE_LIST.match(phrase)
    return match if match and without_adverbs(match["rest"].split()) else None


def picked(items: str, heading: str) -> bool:
    """`things to do in Lisbon`, `books to read`: a list to choose from, and no advice."""
    return bool(_PICKED.search(items) and _TO_DO.match(heading, len(items)))


def _content(items: str, rest: str, heading: str) -> tuple[str, str | None]:
    """What a list is about: after `to` an action, after `for`, `of`, `about` a thing, else the items themselves."""
    word, _, tail = rest.partition(" ")
    action = wished(tail)
    if picked(items, heading):
        place = _DONE_IN.match(heading, len(items))
        return noun_phrase(place["place"] if place else heading), None
    if word == "to" and tail and is_verb(action.split()[0]):
        return as_noun(action), action
    if word in ("for", "of", "about", "on") and tail:
        return noun_phrase(tail), None
    if state := _STATE.match(rest):
        return f"being {state['how']}", None
    end = _ABOUT_AT_END.search(rest)
    if end and items.split()[-1] in ("things", "facts", "truths", "secrets", "questions", "lessons", "myths", "signs"):
        return noun_phrase(end["about"]), None
    told = without_adverbs(rest.split())
    if told and word.lower() not in PREPOSITIONS | PRONOUNS | RELATIVES | CONTRACTED:
        return noun_phrase(told[0]), None
    return heading, None
