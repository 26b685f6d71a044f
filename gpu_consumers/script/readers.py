"""Kinds of prompts and how each is recognised. The first reader that knows a prompt decides."""

from __future__ import annotations

import re
from dataclasses import replace

from gpu_consumers.script import questions, requests, tellings
from gpu_consumers.script.english import base_verb, sentence_case
from gpu_consumers.script.lexicon import DETERMINERS, PREPOSITIONS, PRONOUNS, known
from gpu_consumers.script.lists import listed
from gpu_consumers.script.phrases import inner, noun_phrase, turned
from gpu_consumers.script.products import product
from gpu_consumers.script.statements import statement
from gpu_consumers.script.topic import Topic, as_noun, is_verb, plain, titled, wished

_HOW_TO = re.compile(
    r"""^(?:what(?:'s|\ is)\ the\ (?:best|easiest|fastest|right)\ way\ to|
    (?:the\ )?(?:best|easiest|right|fastest)\ ways?\ to|ways\ to|how\ to|
    how\ (?:do|can|should|could|would)\ (?:i|you|we|one|people)|(?:help|teach)\ me(?:\ how)?(?:\ to)?|
    (?:motivate|convince|inspire|persuade|encourage|remind)\ me\ to|
    (?:always\ )?remember\ to|(?:do\ not|don't|never)\ forget\ to|
    learn(?:ing)?\ (?:how\ )?to|i\ want\ to|want\ to|trying\ to|
    (?:a\ |the\ |my\ )?(?:beginner'?s?\ |quick\ |complete\ |simple\ |ultimate\ )?(?:guide|tutorial|tips?|steps?)
    \ (?:to|for|on)(?:\ how\ to)?)\s+(?P<action>[a-z'-]+(?:\s.+)?)$""",
    re.IGNORECASE | re.VERBOSE,
)
_LEAD = re.compile(
    r"""^(?P<label>pov|point\ of\ view|myth|fact\ or\ fiction|true\ or\ false|hot\ take|unpopular\ opinion|story\ ?time|
    story|what\ if|imagine(?:\ if)?|review|question|topic|title|prompt)\s*(?:[:,-]\s*|(?<=if)\s+|(?<=imagine)\s+)
    (?P<rest>.+)$""",
    re.IGNORECASE | re.VERBOSE,
)
_LABELS = {"pov": "pov", "point of view": "pov", "what if": "pov", "imagine": "pov", "imagine if": "pov",
           "myth": "myth-vs-fact", "fact or fiction": "myth-vs-fact", "true or false": "myth-vs-fact",
           "hot take": "hot-take", "unpopular opinion": "hot-take", "story": "story-twist", "storytime": "story-twist",
           "story time": "story-twist", "review": "testimonial"}  # fmt: skip
_VERSUS = re.compile(
    r"^(?P<a>[^,.?!]{2,60}?)\s+(?:vs\.?|versus|or|compared (?:to|with))\s+(?P<b>[^,.?!]{2,60}?)$",
    re.IGNORECASE,
)
_WHICH_OF = re.compile(
    r"^(?:who|which|what)\b[^,:]*[,:]\s*(?P<a>[^,]{2,40}?)\s+(?:or|vs\.?|versus)\s+(?P<b>[^,]{2,40}?)$", re.IGNORECASE
)
_OBJECT = re.compile(r"\b(?:a|an|the|your|my) (?P<thing>[\w-]+(?: [\w-]+)?)$")
_WHEN = re.compile(
    r"\b(?:when|if|after|once) (?:you|we|it|they|i|people|humans|everyone|everybody|nobody|all) "
    r"(?:(?P<how>never|always|only) )?(?:suddenly )?(?P<verb>\w+)(?P<rest>.*)$"
)
_TRUE_THAT = re.compile(r"^(?:is it (?:really )?true|true or false)[:,]?(?: that)?\s+(?P<claim>.+)$", re.IGNORECASE)
_IT = re.compile(r"\b(?:it|he|she|they)\b", re.IGNORECASE)
#: More words before a colon than these name nothing.
_LONGEST_HEAD = 5


def read(sentence: str) -> Topic:
    """One sentence, or a phrase, as a topic."""
    topic = _read(sentence)
    keeps_own = topic.product or topic.kind in ("scenario", "question")
    said = unlabelled(sentence)
    title = topic.title if keeps_own else titled(inner(requests.heading(said), said))
    return replace(topic, title=title)


def unlabelled(sentence: str) -> str:
    """The sentence without a label such as `Hot take:`."""
    label = _LEAD.match(sentence)
    return sentence_case(label["rest"]) if label else sentence


def _read(sentence: str) -> Topic:
    advertised = product(sentence)
    if advertised is not None:
        return advertised
    label = _LEAD.match(sentence)
    hint = _LABELS.get(label["label"].lower()) if label else None
    hint = hint or requests.hint(sentence)
    if label and hint == "pov":
        return _scenario(label["rest"], sentence)
    said = label["rest"] if label else sentence
    phrase = inner(requests.bare(said), said)
    if headed := _headed(phrase, hint):
        return headed
    if mood := requests.mood(phrase):
        return Topic(kind="action", about=as_noun(mood), title=titled(phrase), action=mood, archetype=hint or "how-to")
    for reader in (
        _true_that,
        tellings.told,
        listed,
        _action,
        _compare,
        tellings.day,
        _question,
        _imperative,
        tellings.moment,
        tellings.condition,
        tellings.claim,
    ):
        topic = reader(phrase, hint)
        if topic is not None:
            return topic
    somebody = phrase.split()[0] in ("a", "an")
    is_story = somebody and (hint == "story-twist" or any(word in ("who", "that", "whose") for word in phrase.split()))
    return plain(phrase, hint, kind="story" if is_story else "topic")


def _headed(phrase: str, hint: str | None) -> Topic | None:
    """`tiny houses: pros and cons` is about tiny houses; `Naples: how pizza was born` is what it goes on to ask."""
    named, _, rest = phrase.partition(": ")
    if not rest or len(named.split()) > _LONGEST_HEAD or questions.parse(named):
        return None
    rest = _IT.sub(named, rest, count=1)
    told = _read(rest) if questions.parse(rest) or statement(rest.split()) else None
    if told is None or told.about.split()[0].lower() in PRONOUNS | DETERMINERS - {"a", "an"}:
        told = _read(named)
    return replace(told, archetype=hint or told.archetype)


def _scenario(rest: str, sentence: str) -> Topic:
    scenario = turned(inner(rest.rstrip(".?!")))
    title = titled(sentence if len(sentence) <= 80 else rest)
    return Topic(kind="scenario", about=_in_scenario(scenario), title=title, scenario=scenario, archetype="pov")


def _in_scenario(scenario: str) -> str:
    """`the moon disappeared` → the moon; `you discover chess for the first time` → chess."""
    # `you wake up and gravity is gone`: what happens to the world matters, not who wakes up.
    _, told, after = scenario.rpartition(" and ")
    world = statement(after.split()) if told else None
    if world and world[0].lower() not in PRONOUNS:
        return noun_phrase(world[0])
    found = statement(scenario.split())
    if found and found[0].lower() not in PRONOUNS | {"you're", "we're", "i'm"}:
        return noun_phrase(found[0])
    words = (found[1][1:] if found and "'" not in found[0] else scenario.split()[1:]) or scenario.split()
    while len(words) > 1 and words[0].lower() in PREPOSITIONS | {"going", "being", "finally"}:
        words = words[1:]
    stop = next(
        (i for i, word in enumerate(words) if i and word.lower() in ("for", "at", "when", "and", "but")), len(words)
    )
    return noun_phrase(" ".join(words[:stop][:7]))


def _true_that(phrase: str, hint: str | None) -> Topic | None:
    match = _TRUE_THAT.match(phrase)
    return tellings.claim(match["claim"], hint or "myth-vs-fact") if match else None


def _action(phrase: str, hint: str | None) -> Topic | None:
    match = _HOW_TO.match(phrase)
    if not match:
        return None
    action, asked = wished(turned(match["action"])), match[0][: -len(match["action"])].lower()
    if action.split()[0].endswith("ing") or not (
        is_verb(action.split()[0]) or asked.startswith(("how", "learn")) or asked.endswith("me to ")
    ):
        return plain(action, hint or "how-to")
    return Topic(kind="action", about=as_noun(action), title=titled(phrase), action=action, archetype=hint or "how-to")


def _imperative(phrase: str, hint: str | None) -> Topic | None:
    words = phrase.split()
    own = len(words) > 2 and words[1].lower() in ("my", "your") and is_verb(words[0])  # `roast my boss`
    if len(words) < 2 or not (own or words[0].lower() in known("imperatives")):
        return None
    words = [words[0].lower(), *(words[2:] if words[1].lower() in ("me", "us") else words[1:])]
    if len(words) < 2 or words[1].lower() in PREPOSITIONS - {"in", "on", "like", "with"}:
        return None
    action = turned(" ".join(words))
    return Topic(kind="action", about=as_noun(action), title=titled(phrase), action=action, archetype=hint or "how-to")


def _compare(phrase: str, hint: str | None) -> Topic | None:
    match = _WHICH_OF.match(phrase) or _VERSUS.match(phrase)
    asks = match is not None and match.re is _VERSUS and questions.parse(phrase)
    if not match or asks or max(len(match[side].split()) for side in "ab") > 5:
        return None
    a, b = noun_phrase(match["a"]), noun_phrase(match["b"])
    return Topic(kind="compare", about=f"{a} and {b}", title=titled(phrase), pair=(a, b), archetype=hint or "hot-take")


def _question(phrase: str, hint: str | None) -> Topic | None:
    question = questions.parse(phrase)
    if question is None:
        return None
    named = question.about and question.about.lower() not in PRONOUNS and question.about.lower() not in tellings.GENERAL
    asked, clause = turned(question.text), turned(question.clause) if question.clause else None
    about = noun_phrase(question.about) if named else _activity(question, asked)
    title = titled(phrase.rstrip("?.") + "?" * question.direct)
    return Topic(kind="question", about=about, title=title, question=asked, clause=clause, archetype=hint)


def _activity(question: questions.Question, asked: str) -> str:
    """What a question about `you` or `it` is about: what is done (`why do I procrastinate` → procrastinating)."""
    feeling = re.search(
        r"\b(?:afraid|scared|proud|tired|fond|jealous|think|dream|care|worry|obsessed) (?:of|about|with) (.+)$", asked
    )
    if feeling:
        return noun_phrase(feeling[1])
    verb, _, rest = turned(question.verb or "").partition(" ")
    when = _WHEN.search(asked)
    if when and base_verb(when["verb"]):
        verb, rest = base_verb(when["verb"]) or "", when["rest"].strip()
        if verb in ("stop", "start", "keep") and rest.split(" ")[0].endswith("ing"):
            return noun_phrase(rest)
        if when["how"]:
            return as_noun(f"{when['how']} {verb} {rest}".strip())
    if rest and verb in ("love", "like", "hate", "want", "need", "enjoy", "fear", "use", "watch", "believe"):
        return noun_phrase(rest)
    if is_verb(verb) or rest.partition(" ")[0] in PREPOSITIONS:
        return as_noun(f"{verb} {rest}".strip())
    thing = _OBJECT.search(asked)
    return noun_phrase(thing["thing"]) if thing else "this question"
