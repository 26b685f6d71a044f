"""Kinds of prompts and how each is recognised. The first reader that knows a prompt decides."""

from __future__ import annotations

import re
from dataclasses import replace

from gpu_consumers.script import questions, requests
from gpu_consumers.script.english import base_verb, is_plural, sentence_case
from gpu_consumers.script.lexicon import DETERMINERS, PREPOSITIONS, PRONOUNS, known
from gpu_consumers.script.lists import listed
from gpu_consumers.script.phrases import inner, noun_phrase, turned
from gpu_consumers.script.products import product
from gpu_consumers.script.statements import statement
from gpu_consumers.script.topic import Topic, as_noun, is_verb, plain, titled, wished

#: Subjects that say nothing of what a question is about.
_GENERAL = frozenset(["people", "humans", "everyone", "everybody", "kids", "children", "men", "women"])
_HOW_TO = re.compile(
    r"""^(?:what(?:'s|\ is)\ the\ (?:best|easiest|fastest|right)\ way\ to|
    (?:the\ )?(?:best|easiest|right|fastest)\ ways?\ to|ways\ to|how\ to|
    how\ (?:do|can|should|could|would)\ (?:i|you|we|one|people)|(?:help|teach)\ me(?:\ how)?(?:\ to)?|
    (?:motivate|convince|inspire|persuade|encourage|remind)\ me\ to|
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
_HOW_I = re.compile(r"^how (?:i|we) (?P<verb>[a-z]+)(?:\s+(?P<rest>.+))?$", re.IGNORECASE)
_OBJECT = re.compile(r"\b(?:a|an|the|your|my) (?P<thing>[\w-]+(?: [\w-]+)?)$")
_WHEN = re.compile(
    r"\b(?:when|if|after|once) (?:you|we|it|they|i|people|humans|everyone|everybody|nobody|all) "
    r"(?:(?P<how>never|always|only) )?(?:suddenly )?(?P<verb>\w+)(?P<rest>.*)$"
)
_TRUE_THAT = re.compile(r"^(?:is it (?:really )?true|true or false)[:,]?(?: that)?\s+(?P<claim>.+)$", re.IGNORECASE)


#: Who is said to do something within a name that has lost its `that`.
_WISHING = frozenset(["i", "you", "we", "they", "he", "she", "nobody", "everyone", "everybody"])
#: Who speaks of themselves, and who speaks for a firm or a family.
_OWN, _OURS = frozenset(["i", "i'm", "i've", "my"]), frozenset(["we", "our", "we're", "we've"])
_FEELING = re.compile(
    r"^i(?:'m| am| feel| felt| was)(?: (?:so|very|really|always|still|feeling|just|too|a bit|all))* "
    r"(?P<how>(?!in\b|on\b|at\b|the\b|an?\b|my\b|not\b|like\b|going\b)[a-z]+(?<!ing))\b",
    re.IGNORECASE,
)


def read(sentence: str) -> Topic:
    """One sentence, or a phrase, as a topic."""
    topic = _read(sentence)
    keeps_own = topic.product or topic.kind in ("scenario", "question")
    title = topic.title if keeps_own else titled(inner(requests.heading(unlabelled(sentence))))
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
    phrase = inner(requests.bare(label["rest"] if label else sentence))
    if mood := requests.mood(phrase):
        return Topic(kind="action", about=as_noun(mood), title=titled(phrase), action=mood, archetype=hint or "how-to")
    for reader in (_true_that, _told, listed, _action, _compare, _question, _imperative, _moment, _claim):
        topic = reader(phrase, hint)
        if topic is not None:
            return topic
    somebody = phrase.split()[0] in ("a", "an")
    is_story = somebody and (hint == "story-twist" or any(word in ("who", "that", "whose") for word in phrase.split()))
    return plain(phrase, hint, kind="story" if is_story else "topic")


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
    return _claim(match["claim"], hint or "myth-vs-fact") if match else None


def _told(phrase: str, hint: str | None) -> Topic | None:
    """`how I stopped procrastinating`: what somebody did, not a question."""
    match = _HOW_I.match(phrase)
    verb = base_verb(match["verb"]) if match else None
    if match is None or verb is None or match["verb"].lower() == verb:
        return None
    action = turned(f"{verb} {match['rest'] or ''}".strip())
    return Topic(
        kind="action", about=as_noun(action), title=titled(phrase), action=action, archetype=hint or "testimonial"
    )  # fmt: skip


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
    named = question.about and question.about.lower() not in PRONOUNS and question.about.lower() not in _GENERAL
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


def _moment(phrase: str, hint: str | None) -> Topic | None:
    """What somebody tells of themselves (`my cat died yesterday`), and what a firm tells of its own."""
    first = phrase.split()[0].lower()
    found = statement(phrase.split()) if first in _OWN | _OURS and hint is None else None
    if found is None:
        return None
    if first in _OURS:
        return plain(found[0]) if first == "our" else None
    said = re.sub(r"\byou was\b", "you were", turned(phrase))
    about = turned(found[0]) if first == "my" else _felt(phrase) or _object(found[1])
    return Topic(kind="moment", about=about, title=titled(phrase), claim=said, archetype="testimonial")


def _felt(phrase: str) -> str | None:
    """`I feel so lonely since I moved` is about feeling lonely."""
    match = _FEELING.match(phrase)
    return f"feeling {match['how']}" if match else None


def _claim(phrase: str, hint: str | None) -> Topic | None:
    words = phrase.split()
    if words[0].lower() in ("don't", "never") and len(words) > 1 and is_verb(words[1]):
        about = as_noun(" ".join(words[1:]))
        return Topic(kind="claim", about=about, title=titled(phrase), claim=phrase, archetype=hint or "hot-take")
    there = re.search(r"\bthere (?:was|were|is|are|lived) (.+?)(?: (?:who|that|which|in|on|with)\b.*)?$", phrase)
    if there:
        return Topic(kind="claim", about=noun_phrase(there[1]), title=titled(phrase), claim=phrase, archetype=hint)
    found = statement(words)
    if found is None:
        return None
    about, claim = found[0].rstrip(",;:"), phrase
    if " " in about and about.split()[-1].lower() in _WISHING:
        return None  # `things I wish I knew` are things, and no claim
    if all(word.lower() in known("adjectives") | {"best", "worst", "top"} for word in about.split()):
        return None  # `best exercises for back pain` names something; nobody exercises in it
    if about.lower().split()[0] in PRONOUNS:
        about = _object(found[1])
    elif about.split()[0].lower() not in DETERMINERS:
        if about.lower() in known("countable") and not is_plural(about):
            claim = f"a {phrase}"  # `robot learns to love`, as headlines have it
        about = noun_phrase(about)
    return Topic(kind="claim", about=about, title=titled(phrase), claim=claim, archetype=hint)


def _object(predicate: list[str]) -> str:
    """`I quit sugar for 30 days` is about sugar."""
    words = [word for word in predicate[1:] if word.lower() not in ("not", "only", "a lot", "to")]
    stop = next(
        (i for i, w in enumerate(words) if i and w.lower() in (PREPOSITIONS | {"and", "but"}) - {"of"}), len(words)
    )
    return noun_phrase(" ".join(words[:stop][:5])) or "this"
