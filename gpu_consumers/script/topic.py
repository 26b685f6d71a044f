"""What a prompt is about: its kind, its subject, and the phrases of it that can be said again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from gpu_consumers.script import questions
from gpu_consumers.script.clean import clean, sentences
from gpu_consumers.script.english import gerund, is_plural, sentence_case, singular_verb
from gpu_consumers.script.lexicon import BE, DETERMINERS, HAVE, MODALS, PREPOSITIONS, PRONOUNS, RELATIVES, known
from gpu_consumers.script.phrases import inner, interest, noun_phrase, turned

_POLITE = re.compile(r"^(?:please|hey|hi|ok|okay|so|well)[,]?\s+", re.IGNORECASE)
_REQUEST = re.compile(
    r"^(?:can|could|would|will) you\s+|^(?:i(?: would|'d)? (?:want|like|need)(?: you)?(?: to)?|let's|we need)\s+",
    re.IGNORECASE,
)
_MAKE = re.compile(
    r"^(?:make|create|generate|write|produce|give|show|do|film|record|tell|send|get|see|have|craft|design|draft|want)\s+(?:me\s+|us\s+)?"
    r"(?:(?:a|an|the|another|one|some)\s+)?(?P<style>(?:[\w-]+\s+){0,3}?)"
    r"(?P<what>video|short|clip|reel|tiktok|explainer|script|summary|introduction|intro|tutorial|documentary|overview|guide|"
    r"something|story|tale|fairy tale|bedtime story|joke|everything|film|movie|content|post|piece|lesson|ad|commercial)s?\b"
    r"(?:\s+(?:new|else|more|different|interesting|fun|cool|funny|weird))?"
    r"(?:\s+(?:video|script|clip|short))?"
    r"\s*(?:about|on|of|for|explaining|showing|that explains|that shows|to explain|covering|in which|where|how|why|describing|with)?[:,]?\s+",
    re.IGNORECASE,
)
_EXPLAIN = re.compile(
    r"^(?:explain|describe|teach|talk|discuss|introduce|cover|present|tell|show|explore|summari[sz]e|examine|speak|learn about|know about)"
    r"(?:\s+(?:to\s+)?(?:me|us|everyone))?(?:\s+(?:about|something about|more about|more on))?(?:\s+(?:the (?:topic|concept|idea) of))?[:,]?\s+",
    re.IGNORECASE,
)
_GIVE = re.compile(r"^(?:give|tell|show|send|name|list|share)\s+(?:me|us)\s+", re.IGNORECASE)
_BARE_ABOUT = re.compile(
    r"^(?:(?:the\s+)?(?:basics|concept|idea|topic|science|story) of|(?:some|any|more|fun|interesting|random|cool)?\s*"
    r"(?:facts?|things?|info(?:rmation)?|trivia|more|something(?: new| else| interesting)?|all|everything) (?:about|on)|about)\s+",
    re.IGNORECASE,
)
_AUDIENCE = re.compile(
    r",?\s+(?:to (?:a|my|an)? ?(?:five|5|six|ten|10|\w+)[- ]year[- ]olds?|like i'?m (?:five|5)|in simple (?:terms|words)|simply|"
    r"for (?:beginners|kids|children|dummies)|in (?:\d+|thirty|sixty) seconds|in (?:a|one|1|\d+) minutes?|please|step by step|"
    r"explained|to me|(?:for|on) (?:tiktok|instagram|youtube|reels|shorts))\s*[.!]?$",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"^(?:the\s+|my\s+|our\s+|your\s+)?(?:top\s+|best\s+)*(?P<count>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|a few)\s+"
    r"(?P<items>(?:[\w'-]+\s+){0,3}?(?:[\w'-]+s|people|children|men|women))\b(?:\s+(?P<rest>(?:to|for|of|about|on|that|in|every|everyone|why|you|when|who|with|against|at|from|we|i|if|how|before|after|which)\b.+))?$",
    re.IGNORECASE,
)
_BARE_LIST = re.compile(
    r"^(?:some\s+|the best\s+|best\s+|top\s+)?(?:the\s+)?(?P<items>(?:(?!the\b)\w+\s+)?(?:tips|reasons|ways|ideas|habits|mistakes|hacks|tricks|lessons|rules|signs|benefits|steps|questions))\s+(?P<rest>(?:to|for|of|about|on|why|you|that)\b.+)$",
    re.IGNORECASE,
)
_NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "a few": 3,
}
_HOW_TO = re.compile(
    r"^(?:(?:what(?:'s| is) the (?:best|easiest|fastest|right) way to|(?:the )?(?:best|easiest|right|fastest) ways? to|ways to|"
    r"(?:a |the |my )?(?:beginner'?s? |quick |complete |simple |ultimate )?(?:guide|tutorial|tips?|steps?) (?:to|for|on)(?: how to)?|"
    r"how to|how (?:do|can|should|could|would) (?:i|you|we|one|people)|(?:help|teach) me(?: how)?(?: to)?|learn(?:ing)? (?:how )?to|"
    r"i want to|want to|trying to))\s+(?P<action>[a-z'-]+(?:\s.+)?)$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?P<label>pov|myth|fact or fiction|true or false|hot take|unpopular opinion|story ?time|story|what if|imagine|review|question|topic|title|prompt)\s*(?:[:,-]\s*|(?<=if)\s+|(?<=imagine)\s+)(?P<rest>.+)$",
    re.IGNORECASE,
)
_VERSUS = re.compile(
    r"^(?P<a>[^,.?!]{2,60}?)\s+(?:vs\.?|versus|or|compared (?:to|with))\s+(?P<b>[^,.?!]{2,60}?)[?.!]?$", re.IGNORECASE
)
_LABELS = {"pov": "pov", "myth": "myth-vs-fact", "fact or fiction": "myth-vs-fact", "true or false": "myth-vs-fact",
           "hot take": "hot-take", "unpopular opinion": "hot-take", "story": "story-twist", "storytime": "story-twist",
           "story time": "story-twist", "review": "testimonial"}  # fmt: skip
_STORY = re.compile(r"\b(?:story|tale|once upon a time|fairy tale|legend of)\b", re.IGNORECASE)
_OPINION = re.compile(
    r"\b(?:overrated|underrated|better than|worse than|is dead|should be (?:banned|illegal)|nobody needs|belongs?)\b",
    re.IGNORECASE,
)
_TRIED = re.compile(
    r"\b(?:i tried|my experience|i used|changed my life|my review|i quit|i stopped|i switched)\b", re.IGNORECASE
)
_MYTH = re.compile(r"\b(?:myths?|misconceptions?|is it true|debunk\w*|really true)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """The prompt, understood as far as its words allow. Phrases are in the case of the middle of a sentence."""

    text: str  #: the cleaned prompt
    kind: str  #: question, action, list, claim, compare, scenario, story, facts, topic
    about: str  #: a noun phrase that fits after `about`
    plural: bool
    title: str
    question: str | None = None
    clause: str | None = None
    action: str | None = None
    claim: str | None = None
    scenario: str | None = None
    pair: tuple[str, str] | None = None
    count: int | None = None
    items: str | None = None
    facts: tuple[str, ...] = field(default=())
    archetype: str | None = None  #: the one that the prompt itself asks for

    @property
    def subject(self) -> str:
        """The key by which interests are kept."""
        return interest(self.about)

    @property
    def doing(self) -> str | None:
        """The action as a noun: `making sourdough`."""
        if self.action is None:
            return None
        verb, _, rest = self.action.partition(" ")
        return f"{gerund(verb)} {rest}".strip()


def understand(prompt: str) -> Topic:
    """Take a prompt apart. Never fails: what cannot be taken apart is a topic by itself."""
    text = clean(prompt)
    parts = sentences(text)
    if not any(character.isalnum() for character in text):
        return Topic(text=text, kind="topic", about="this feeling", plural=False, title="No words needed")
    hint = _hint(text)
    if len(parts) > 1:
        return _several(text, parts, hint)
    label = _LEAD.match(text)
    if label:
        hint = _LABELS.get(label["label"].lower(), hint)
        return _labelled(text, label["label"].lower(), label["rest"], hint)
    return _single(text, _bare(text), hint)


def _hint(text: str) -> str | None:
    for pattern, archetype in (
        (_MYTH, "myth-vs-fact"),
        (_STORY, "story-twist"),
        (_OPINION, "hot-take"),
        (_TRIED, "testimonial"),
    ):
        if pattern.search(text):
            return archetype
    return None


def _bare(text: str) -> str:
    """The prompt without the words by which a video is asked for, and without its audience."""
    bare, before = text, ""
    while bare != before:
        before = bare
        for pattern in (_POLITE, _REQUEST, _MAKE, _EXPLAIN, _GIVE, _BARE_ABOUT):
            stripped = _tail(bare, pattern)
            bare = stripped if len(stripped) > 1 else bare
    return _AUDIENCE.sub("", bare).strip(" .,:;") or text


def _tail(text: str, pattern: re.Pattern[str]) -> str:
    """The text after what the pattern takes; question words that it swallowed are given back."""
    match = pattern.match(text)
    if not match:
        return text
    last = match[0].split()[-1].lower() if match[0].split() else ""
    kept = f"{last} " if last in ("how", "why") else ""
    return kept + text[match.end() :]


def _several(text: str, parts: list[str], hint: str | None) -> Topic:
    """Several sentences: an asking one first is the topic and the rest its content; else all are content."""
    label = _LEAD.match(parts[0])
    if label:
        hint = _LABELS.get(label["label"].lower(), hint)
        parts = [sentence_case(label["rest"]), *parts[1:]]
    first = _single(parts[0], _bare(parts[0]), hint)
    asks = first.kind in ("question", "action", "list", "compare", "topic") and len(parts[0]) < 120
    facts = parts[1:] if asks else parts
    if first.kind == "facts" or not asks:
        first = Topic(text=text, kind="facts", about=_subject_of(parts), plural=False, title=_title(parts[0]))
    return Topic(
        text=text, kind="facts", about=first.about, plural=is_plural(first.about), title=first.title,
        question=first.question, clause=first.clause, action=first.action, pair=first.pair, facts=tuple(facts), archetype=hint,
    )  # fmt: skip


def _subject_of(parts: list[str]) -> str:
    """What a text is about: the subject of its first statement."""
    statement = _statement(inner(parts[0].rstrip(".!?")).split())
    there = re.search(
        r"\bthere (?:was|were|is|are|lived) (.+?)(?: (?:who|that|which|in|on|with)\b.*)?$", parts[0].rstrip(".!?")
    )
    if there:
        return noun_phrase(there[1])
    return noun_phrase(statement[0] if statement else " ".join(parts[0].split()[:3]))


def _labelled(text: str, label: str, rest: str, hint: str | None) -> Topic:
    if label in ("pov", "what if", "imagine"):
        scenario = turned(inner(rest.rstrip(".?!")))
        about = _scenario_subject(scenario)
        title = text if len(text) <= 80 else rest
        return Topic(
            text=text,
            kind="scenario",
            about=about,
            plural=is_plural(about),
            title=_title(title),
            scenario=scenario,
            archetype=hint or "pov",
        )
    topic = _single(text, _bare(rest), hint)
    return topic


def _scenario_subject(scenario: str) -> str:
    statement = _statement(scenario.split())
    about = statement[0] if statement else scenario
    if about.lower() in PRONOUNS | {"you're"} and statement:
        about = " ".join(word for word in statement[1] if word not in BE)
    return noun_phrase(about) if len(about.split()) <= 6 else noun_phrase(" ".join(about.split()[-3:]))


def _single(text: str, bare: str, hint: str | None) -> Topic:
    phrase = inner(bare)
    for reader in (_as_list, _as_action, _as_compare, _as_question, _as_imperative, _as_claim):
        topic = reader(text, phrase, hint)
        if topic is not None:
            return topic
    about = noun_phrase(
        f"the {phrase}" if re.match(r"(?:best|worst|most|first|last|biggest|greatest)\b", phrase) else phrase
    )
    kind = "story" if hint == "story-twist" else "topic"
    return Topic(text=text, kind=kind, about=about, plural=is_plural(about), title=_title(phrase), archetype=hint)


def _as_list(text: str, phrase: str, hint: str | None) -> Topic | None:
    match = _LIST.match(phrase.rstrip(".?!")) or _BARE_LIST.match(phrase.rstrip(".?!"))
    if not match:
        return None
    raw = match.groupdict().get("count")
    count = 3 if raw is None else _NUMBERS.get(raw.lower()) or int(raw)
    if not 2 <= count <= 100:
        return None
    items, rest = match["items"], turned(match["rest"] or "")
    return Topic(
        text=text,
        kind="list",
        **_listed(items, rest),
        title=_title(phrase),
        count=count,
        items=items,
        archetype=hint or "list",
    )


def _listed(items: str, rest: str) -> dict[str, Any]:
    """What a list is about: after `to` an action, after `for`, `of`, `about` a thing, else the items themselves."""
    word, _, tail = rest.partition(" ")
    if word == "to" and tail.split()[0] in known("verbs") | known("imperatives"):
        return {"about": _doing(tail), "plural": False, "action": tail}
    if word in ("for", "of", "about", "on") and tail:
        about = noun_phrase(tail)
        return {"about": about, "plural": is_plural(about)}
    about = f"{items} {rest}".strip()
    return {"about": about, "plural": True}


def _doing(action: str) -> str:
    verb, _, rest = action.partition(" ")
    return f"{gerund(verb)} {rest}".strip()


def _as_action(text: str, phrase: str, hint: str | None) -> Topic | None:
    match = _HOW_TO.match(phrase.rstrip(".?!"))
    if not match:
        return None
    action = turned(match["action"])
    verb = action.split()[0]
    if verb.endswith("ing"):
        return Topic(
            text=text, kind="topic", about=action, plural=False, title=_title(phrase), archetype=hint or "how-to"
        )
    if verb not in known("verbs") | known("imperatives") and (
        verb in DETERMINERS or match[0].lower().startswith(("a ", "guide", "the ", "tip"))
    ):
        about = noun_phrase(action)
        return Topic(
            text=text,
            kind="topic",
            about=about,
            plural=is_plural(about),
            title=_title(phrase),
            archetype=hint or "how-to",
        )
    return Topic(
        text=text,
        kind="action",
        about=_doing(action),
        plural=False,
        title=_title(phrase),
        action=action,
        archetype=hint or "how-to",
    )


def _as_imperative(text: str, phrase: str, hint: str | None) -> Topic | None:
    words = phrase.rstrip(".!").split()
    if (
        len(words) < 2
        or words[0].lower() not in known("imperatives")
        or words[1].lower() in PREPOSITIONS - {"in", "on", "like", "with"}
    ):
        return None
    action = turned(" ".join([words[0].lower(), *words[1:]]))
    return Topic(
        text=text,
        kind="action",
        about=_doing(action),
        plural=False,
        title=_title(phrase),
        action=action,
        archetype=hint or "how-to",
    )


def _as_compare(text: str, phrase: str, hint: str | None) -> Topic | None:
    match = _VERSUS.match(phrase)
    if not match or questions.parse(phrase) or max(len(match["a"].split()), len(match["b"].split())) > 5:
        return None
    a, b = noun_phrase(match["a"]), noun_phrase(match["b"])
    return Topic(
        text=text,
        kind="compare",
        about=f"{a} and {b}",
        plural=True,
        title=_title(phrase),
        pair=(a, b),
        archetype=hint or "hot-take",
    )


def _as_question(text: str, phrase: str, hint: str | None) -> Topic | None:
    question = questions.parse(phrase)
    if question is None:
        return None
    about = noun_phrase(question.about) if question.about and question.about.lower() not in PRONOUNS | {"it"} else ""
    asked, clause = turned(question.text), turned(question.clause) if question.clause else None
    if not about:
        about = _activity(question, asked)
    return Topic(
        text=text,
        kind="question",
        about=about,
        plural=is_plural(about),
        title=_title(phrase.rstrip("?.") + "?"),
        question=asked,
        clause=clause,
        archetype=hint,
    )


def _activity(question: questions.Question, asked: str) -> str:
    """What a question about `you` or `it` is about: what is done (`why do I procrastinate` → procrastinating)."""
    verb, _, rest = turned(question.verb or "").partition(" ")
    when = re.search(r"\b(?:when|if) (?:you|we|it|they|i) (\w+)(.*)$", asked)
    if when and when[1] in known("verbs"):
        verb, rest = when[1], when[2].strip()
    if verb in known("verbs"):
        return f"{gerund(verb)} {rest}".strip()
    return "this question"


def _as_claim(text: str, phrase: str, hint: str | None) -> Topic | None:
    found = _statement(phrase.rstrip(".!").split())
    if found is None:
        return None
    about = found[0]
    about = _object_of(found[1]) if about.lower().split()[0] in PRONOUNS else _own_phrase(about)
    return Topic(
        text=text,
        kind="claim",
        about=about,
        plural=is_plural(about),
        title=_title(phrase),
        claim=phrase.rstrip(".!"),
        archetype=hint,
    )


def _own_phrase(about: str) -> str:
    """A statement's subject as it was said: `my dog` stays mine."""
    return about if about.split()[0].lower() in DETERMINERS else noun_phrase(about)


def _object_of(predicate: list[str]) -> str:
    """`i ate my homework` is about the homework."""
    rest = [word for word in predicate[1:] if word not in BE]
    return noun_phrase(" ".join(rest[:4])) if rest else "this"


def _statement(words: list[str]) -> tuple[str, list[str]] | None:
    """(subject, predicate) of a phrase with a finite verb."""
    for index, word in enumerate(words):
        if index == 0 or index > 7:
            continue
        token, before = word.lower(), _before(words, index)
        if before in RELATIVES or any(w.lower() in RELATIVES for w in words[:index]):
            return None
        finite = token in BE | MODALS | HAVE or (
            singular_verb(token) and before not in DETERMINERS | PREPOSITIONS and not is_plural(" ".join(words[:index]))
        )
        base = token in known("verbs") and (is_plural(" ".join(words[:index])) or before in PRONOUNS)
        past = token.endswith("ed") and before not in DETERMINERS | PREPOSITIONS
        irregular = token in _PAST_FORMS and before not in DETERMINERS | PREPOSITIONS
        if finite or base or past or irregular:
            return " ".join(words[:index]), words[index:]
    return None


def _before(words: list[str], index: int) -> str:
    """The word before, past adverbs: `we only use`."""
    while index > 1 and words[index - 1].lower() in (
        "only",
        "always",
        "never",
        "often",
        "just",
        "really",
        "still",
        "also",
    ):
        index -= 1
    return words[index - 1].lower()


_PAST_FORMS = frozenset(["ate", "went", "saw", "made", "got", "took", "came", "said", "fell", "found", "told", "thought", "met", "won",
                         "lost", "built", "wrote", "began", "gave", "became", "bought", "ran", "kept", "broke", "brought", "taught", "left", "felt"])  # fmt: skip


def _title(phrase: str) -> str:
    title = sentence_case(phrase.strip(" .,:;"))
    return title if len(title) <= 90 else title[:87].rsplit(" ", 1)[0] + "…"
