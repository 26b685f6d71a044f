"""The words that a topic lends to the grammar: agreement, names, numbers."""

from __future__ import annotations

import re
from random import Random

from gpu_consumers.script.english import sentence_case
from gpu_consumers.script.lexicon import DETERMINERS, PREPOSITIONS
from gpu_consumers.script.phrases import keywords, short
from gpu_consumers.script.topic import Topic

#: A name of more words than this is long.
_LONG = 4
#: A question of more words than this is asked once.
_LONGEST_ASKED = 16
_ASKED = frozenset(["question", "clause", "fact"])
_RELATIVE = re.compile(r"\s(?:that|which|who)\s")
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_HEROES = (("Maya", "she", "her"), ("Theo", "he", "his"), ("Amara", "she", "her"), ("Jonas", "he", "his"),
           ("Lina", "she", "her"), ("Ravi", "he", "his"), ("Noor", "she", "her"), ("Felix", "he", "his"),
           ("Ines", "she", "her"), ("Kofi", "he", "his"), ("Yuki", "she", "her"), ("Mateo", "he", "his"),
           ("Freya", "she", "her"), ("Omar", "he", "his"), ("Greta", "she", "her"), ("Luca", "he", "his"),
           ("Anouk", "she", "her"), ("Samir", "he", "his"), ("Tessa", "she", "her"), ("Ivo", "he", "his"))  # fmt: skip


_AGREEING = ("is", "was", "has", "does", "it", "them", "its", "itself", "s", "es", "this")
_SINGULAR = ("is", "was", "has", "does", "it", "it", "its", "itself", "s", "es", "this")
_PLURAL = ("are", "were", "have", "do", "they", "them", "their", "themselves", "", "", "these")


def number(count: int) -> str:
    """Small numbers as words."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def slots(topic: Topic, rng: Random, count: int = 3) -> dict[str, str]:
    """Every slot that this topic can fill. Each phrase also comes with a capital: `about` and `About`."""
    hero, they, their = rng.choice(_HEROES)
    phrases = {
        "about": topic.about,
        "short": short(topic.about),
        "question": topic.question,
        "clause": topic.clause,
        "wh": (topic.question or "").partition(" ")[0],
        "fact": fact(topic),
        "action": topic.action,
        "acts": done_by_you(topic.action) if topic.action else None,
        "doing": topic.doing,
        "claim": topic.claim,
        "scenario": topic.scenario,
        "what": topic.what,
        "a": topic.pair[0] if topic.pair else None,
        "b": topic.pair[1] if topic.pair else None,
        "apeople": _fans(topic, 0),
        "bpeople": _fans(topic, 1),
        "items": topic.items,
        "heading": topic.heading,
        "pick": topic.heading,
        "they": they,
        "their": their,
        "them2": "him" if they == "he" else "her",
    }
    filled = {name: phrase for name, phrase in phrases.items() if phrase}
    capital = {name[0].upper() + name[1:]: sentence_case(phrase) for name, phrase in filled.items()}
    return {
        **filled,
        **capital,
        **agreement(topic),
        **_counted(count),
        "hero": hero,
        "Hero": hero,
        "key": key(topic.about, named=topic.product),
        "Key": sentence_case(key(topic.about, named=topic.product)),
    }


def done_by_you(action: str) -> str:
    """The action as it stands after `you`: `be kind` → `are kind`; `never be late` → `are never late`."""
    return re.sub(r"^(never |always |finally |really )?be\b", lambda m: f"are {m[1] or ''}".strip(), action)


def _counted(count: int) -> dict[str, str]:
    return {"n": number(count), "N": number(count).capitalize(), "n1": number(count + 1)}


def agreement(topic: Topic) -> dict[str, str]:
    """Verbs and pronouns that agree with `about`."""
    words = _PLURAL if topic.plural else _SINGULAR
    filled = dict(zip(_AGREEING, words, strict=True))
    if is_name(topic.about):  # a person, perhaps: no pronoun is safe
        filled |= {"it": topic.about, "them": topic.about, "its": f"{topic.about}'s"}
    return {**filled, "It": sentence_case(filled["it"]), "Its": sentence_case(filled["its"])}


def is_name(about: str) -> bool:
    """Two capitalised words or more, and nothing else."""
    words = about.split()
    return len(words) > 1 and all(word[:1].isupper() for word in words)


def again(filled: dict[str, str]) -> dict[str, str]:
    """The slots for what follows the opening: long names are cut short once they have been said, and a long question
    is not asked again."""
    if len(filled.get("question", "").split()) > _LONGEST_ASKED:
        filled = {name: phrase for name, phrase in filled.items() if name.lower() not in _ASKED}
    shorter = {"about": filled["short"], "About": filled["Short"]}
    if "doing" in filled:
        shorter |= {"doing": short(filled["doing"]), "Doing": sentence_case(short(filled["doing"]))}
    return {**filled, **shorter} if len(filled["about"].split()) > _LONG else filled


def _fans(topic: Topic, side: int) -> str | None:
    """`tea people`; None for what has no such name (`being alone`)."""
    name = re.sub(r"^(?:a|an|the) ", "", topic.pair[side]) if topic.pair else ""
    return f"{name} people" if name and not name.split()[0].endswith("ing") and len(name.split()) <= 2 else None


def fact(topic: Topic) -> str | None:
    """What a why-question takes for granted: `why do cats purr` says that cats purr."""
    clause = topic.clause or ""
    return clause.removeprefix("why ") if clause.startswith("why ") else None


#: `history of coffee`, `rent per square metre`: without the small words nobody would say that.
_LINKED, _LONG_KEY = re.compile(r"^\w[\w'-]+ (?:\w[\w'-]+ )?(?:of|per|for|in|on|and|from|to|with) \w"), 4


def key(about: str, *, named: bool = False) -> str:
    """The words of the subject that carry it, for the screen: all of a name, and of what is short."""
    if named and _RELATIVE.search(about):  # `a bottle that glows in the dark` is the bottle
        return re.sub(r"^(?:a|an) ", "the ", _RELATIVE.split(about)[0])
    if named and len(about.split()) <= _LONG:
        return re.sub(r"^(?:a|an|the) ", "", about)
    head = _RELATIVE.split(about)[0]
    whole = re.sub(r"^(?:a|an|the) ", "", head)
    carrying = [word for word in whole.split() if word.lower() not in DETERMINERS]
    if head == about and 3 <= len(carrying) <= _LONG_KEY and _LINKED.search(whole):
        return whole
    if 2 <= len(named_first := _first_name(whole)) <= 3:
        return " ".join(named_first)
    return " ".join(keywords(about if head.lower() in _ANYBODY else head, 3)) or about


def _first_name(phrase: str) -> list[str]:
    """`best exercises for back pain` → best exercises; nothing where no preposition follows."""
    words = phrase.split()
    return words[: next((place for place, word in enumerate(words) if word.lower() in PREPOSITIONS), 0)]


#: What a relative clause is needed for: `people who sleep well` are not just people.
_ANYBODY = frozenset(["people", "those", "someone", "somebody", "anyone", "everyone", "things", "a thing", "something"])
