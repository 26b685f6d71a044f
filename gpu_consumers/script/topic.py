"""What a prompt is about: its kind, its subject, and the phrases of it that can be said again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gpu_consumers.script.english import gerund, is_plural, sentence_case
from gpu_consumers.script.lexicon import DETERMINERS, PREPOSITIONS, PRONOUNS, known
from gpu_consumers.script.phrases import inner, interest, noun_phrase

_LONGEST_TITLE = 90
#: Phrases that people type without the article which they have inside a sentence.
_WANTS_ARTICLE = re.compile(
    r"(?:(?:best|worst|most|first|last|biggest|greatest|weirdest)\b|"
    r"(?:science|history|psychology|art|philosophy|power|future|origins?|rise|fall|life|death|beauty|meaning|importance|"
    r"benefits|dangers|basics|evolution|physics|chemistry|economics|anatomy|invention|secret)\s+of\b|"
    r"difference between\b)",
    re.IGNORECASE,
)
#: An action may begin with one of them: `never forget a name`.
_BEFORE_VERBS = frozenset(["not", "never", "always", "finally", "actually", "really", "only", "just"])


@dataclass(frozen=True, kw_only=True)
class Topic:
    """The prompt, understood as far as its words allow. Phrases are in the case of the middle of a sentence."""

    kind: str  #: question, action, list, claim, compare, scenario, story, facts, moment, product, topic
    about: str  #: a noun phrase that fits after `about`
    title: str
    question: str | None = None
    clause: str | None = None
    action: str | None = None
    claim: str | None = None
    scenario: str | None = None
    pair: tuple[str, str] | None = None
    count: int | None = None
    items: str | None = None
    heading: str | None = None  #: of a list, without its number: `tips for better sleep`
    product: bool = False  #: whether it is advertised
    what: str | None = None  #: what the prompt says that the product is: `a bottle that glows`
    facts: tuple[str, ...] = field(default=())  #: the user's own sentences, when they are the content
    announced: bool = False  #: whether a first sentence asked for them or named them
    archetype: str | None = None  #: the one that the prompt itself asks for

    @property
    def plural(self) -> bool:
        """Whether `about` takes `are`."""
        return self.action is None and is_plural(self.about)

    @property
    def subject(self) -> str:
        """The key by which interests are kept: for an action the thing it is done to."""
        return interest(thing_of(self.action) if self.action else self.about)

    @property
    def wants_facts(self) -> bool:
        """Whether a list of facts is asked for. Where none are known it becomes one of questions."""
        return self.kind == "list" and (self.items or "").endswith("facts")

    @property
    def doing(self) -> str | None:
        """The action as a noun: `making sourdough`."""
        return as_noun(self.action) if self.action else None


def as_noun(action: str) -> str:
    """`make sourdough` → `making sourdough`; `never forget a name` → `never forgetting a name`."""
    before, verb, rest = _parts(action)
    # `stop scrolling and drink water` asks for two things; `buy food and drink` for one.
    both = re.sub(r"\band (\w+)(?= \w)", lambda also: f"and {_doing(also[1])}", rest)
    return f"{before} {gerund(verb)} {both}".strip()


def _doing(word: str) -> str:
    return gerund(word) if is_verb(word) else word


def wished(action: str) -> str:
    """`not kill a plant` → `avoid killing a plant`, which can be said of somebody; any other action as it is."""
    return f"avoid {as_noun(action[4:])}" if action.lower().startswith("not ") else action


def _parts(action: str) -> tuple[str, str, str]:
    """(what stands before the verb, the verb, the rest) of an action."""
    before, _, after = action.partition(" ")
    if before.lower() not in _BEFORE_VERBS or not after:
        return "", before, after
    verb, _, rest = after.partition(" ")
    return before, verb, rest


def thing_of(action: str) -> str:
    """`learn Python in 30 days` → `Python`; `get started with chess` → `chess`; a verb alone becomes a noun."""
    words = _parts(action)[2].split()
    while words and words[0].lower() in PREPOSITIONS | DETERMINERS | {"started", "better", "good", "more", "me", "you"}:
        words.pop(0)
    stop = next((i for i, w in enumerate(words) if i and w.lower() in (PREPOSITIONS | PRONOUNS) - {"of"}), len(words))
    return " ".join(words[:stop]) or as_noun(action)


def titled(phrase: str) -> str:
    """A phrase as a title, cut at a word where it is long."""
    text = sentence_case(re.sub(r"\bi\b", "I", phrase.strip(" .,:;")))
    return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…"


def plain(phrase: str, archetype: str | None = None, *, kind: str = "topic") -> Topic:
    """A topic that is nothing but a phrase."""
    about = noun_phrase(f"the {phrase}" if _WANTS_ARTICLE.match(phrase) else phrase)
    return Topic(kind=kind, about=about, title=titled(inner(phrase)), archetype=archetype)


def is_verb(word: str) -> bool:
    """Whether a word is a verb's base form, as far as the lists know."""
    return word.lower() in known("verbs") | known("imperatives")
