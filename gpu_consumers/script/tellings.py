"""What somebody tells, of themselves, of others or of a day: statements, where all else asks or names."""

from __future__ import annotations

import re

from gpu_consumers.script.english import base_verb, is_plural
from gpu_consumers.script.lexicon import BE, DETERMINERS, HAVE, MODALS, PREPOSITIONS, PRONOUNS, known
from gpu_consumers.script.phrases import noun_phrase, turned
from gpu_consumers.script.statements import statement, without_adverbs
from gpu_consumers.script.topic import Topic, as_noun, is_verb, plain, titled

#: Subjects that say nothing of what a question is about.
GENERAL = frozenset(["people", "humans", "everyone", "everybody", "kids", "children", "men", "women"])
_HOW_I = re.compile(r"^how (?:i|we) (?P<verb>[a-z]+)(?:\s+(?P<rest>.+))?$", re.IGNORECASE)
_DAY = re.compile(
    r"^the (?:(?:first|last|only|one) )?(?:day|night|morning|evening|summer|winter|year|time|moment)(?: that| when)? "
    r"(?P<then>.+)$",
    re.IGNORECASE,
)
_ONCE = re.compile(r"^once upon a time,?(?: (?:in|on|at))? (?P<where>.+)$", re.IGNORECASE)
_REMEMBER = re.compile(r"^(?:do you )?remember (?:when|the (?:days|times?) when) (?P<then>.+)$", re.IGNORECASE)
_VAGUE = GENERAL | {"everything", "nothing", "something"}
#: Who is said to do something within a name that has lost its `that`.
_WISHING = frozenset(["i", "you", "we", "they", "he", "she", "nobody", "everyone", "everybody"])
#: Who speaks of themselves, and who speaks for a firm or a family.
_OWN, _OURS = frozenset(["i", "i'm", "i've", "my"]), frozenset(["we", "our", "we're", "we've"])
_FEELING = re.compile(
    r"^i(?:'m| am| feel| felt| was)(?: (?:so|very|really|always|still|feeling|just|too|a bit|all))* "
    r"(?P<how>(?!in\b|on\b|at\b|the\b|an?\b|my\b|not\b|like\b|going\b)[a-z]+(?<!ing))\b",
    re.IGNORECASE,
)


def told(phrase: str, hint: str | None) -> Topic | None:
    """`how I stopped procrastinating`: what somebody did, not a question."""
    match = _HOW_I.match(phrase)
    verb = base_verb(match["verb"]) if match else None
    if match is None or verb is None or match["verb"].lower() == verb:
        return None
    action = turned(f"{verb} {match['rest'] or ''}".strip())
    return Topic(
        kind="action", about=as_noun(action), title=titled(phrase), action=action, archetype=hint or "testimonial"
    )  # fmt: skip


def moment(phrase: str, hint: str | None) -> Topic | None:
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


def day(phrase: str, hint: str | None) -> Topic | None:
    """`the day my grandmother met Elvis`: a tale of what happened then."""
    if (once := _ONCE.match(phrase)) and statement(phrase.split()) is None:
        return plain(once["where"], "story-twist")
    remembered = _REMEMBER.match(phrase)
    match = remembered or _DAY.match(phrase)
    words = match["then"].split() if match else []
    if match is None or len(words) < 2 or words[0].lower() in PREPOSITIONS | BE | MODALS | HAVE:
        return None  # `the time of your life is now` tells of nothing that happened
    someone = words[0].lower() in PRONOUNS | _VAGUE
    found = (words[0], words[1:]) if someone else statement(words)
    if found is None and not remembered:
        return None
    about = _named(found) if found else ""
    said = turned(match["then"] if remembered else phrase)
    if about in ("", "this") or about.split()[0].lower() in PREPOSITIONS | PRONOUNS:
        about = f"the days when {said}" if remembered else noun_phrase(said)
    return Topic(kind="claim", about=about, title=titled(phrase), claim=said, archetype=hint or "story-twist")


def claim(phrase: str, hint: str | None) -> Topic | None:
    """`bees dance to talk`: what is said of the world, true or not."""
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


def condition(phrase: str, hint: str | None) -> Topic | None:
    """`if you only read one book this year`: half a sentence, about what it names."""
    words = phrase.split()
    found = without_adverbs(words[1:]) if words[0].lower() == "if" else None
    if found is None:
        return None
    about = _named(found)
    if found[1][0].lower() in ("had", "was", "were", "could", "ruled", "ran"):  # `if Shakespeare had TikTok`
        supposed = turned(phrase[3:])
        return Topic(kind="scenario", about=about, title=titled(phrase), scenario=supposed, archetype=hint or "pov")
    return Topic(kind="topic", about=about, title=titled(phrase), archetype=hint)


def _named(found: tuple[str, list[str]]) -> str:
    """Who is told of; where that is nobody in particular, what they do something to."""
    return _object(found[1]) if found[0].lower() in PRONOUNS | _VAGUE else noun_phrase(found[0])


def _object(predicate: list[str]) -> str:
    """`I quit sugar for 30 days` is about sugar."""
    words = [word for word in predicate[1:] if word.lower() not in ("not", "only", "a lot", "to")]
    stop = next(
        (i for i, w in enumerate(words) if i and w.lower() in (PREPOSITIONS | {"and", "but"}) - {"of"}), len(words)
    )
    return noun_phrase(" ".join(words[:stop][:5])) or "this"
