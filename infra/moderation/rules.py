"""Rules over normalised text. Pure: the same text always gets the same verdict.

The rules are data (`rules.yaml`): a category, a name, a score, patterns, and phrases that are fine although a
pattern is in them. Text is normalised first, so that spelling tricks change nothing; whole words are matched, so that
harmless words which contain a bad one pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("rules.yaml")
_LEET = str.maketrans("0134578@$!|€+", "oieastbasiiet")
#: Letters of other scripts that pass for Latin ones.
_LOOKALIKES = str.maketrans("аеорсухіѕјԁһқӏαβεικνορτυχ", "aeopcyxisjdhkiabeiknoptux")
_WORDLIKE = re.compile(r"[^\W_]+")
_SPACED = re.compile(r"\b\w([\s._*\-]{1,2})(?:\w\1){2,}\w\b")
_LEETED = re.compile(r"(?=\S*[a-z])(?=\S*[0-9@$!|€+])\S+")
#: Rules at or above this score refuse a prompt, unless a flavor says otherwise.
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, and by which rule. `score` is 0 where no rule matched."""

    allowed: bool
    category: str | None = None
    rule: str | None = None
    score: float = 0.0
    threshold: float = DEFAULT_THRESHOLD


@dataclass(frozen=True)
class Rule:
    """One rule of the data file, ready to match."""

    category: str
    name: str
    score: float
    patterns: tuple[re.Pattern[str], ...]
    fine: tuple[re.Pattern[str], ...]
    raw: bool  #: matched against the text as typed (addresses, numbers), not the normalised one

    def matches(self, texts: tuple[str, ...], typed: str) -> bool:
        """Whether a pattern is found outside the rule's harmless phrases."""
        return any(
            pattern.search(self._without_fine(text))
            for text in ((typed,) if self.raw else texts)
            for pattern in self.patterns
        )

    def _without_fine(self, text: str) -> str:
        for phrase in self.fine:
            text = phrase.sub(" ok ", text)
        return text


def moderate(
    text: str, thresholds: Mapping[str, float] | None = None, allow: Iterable[str] = ()
) -> Verdict:  # fmt: skip
    """The verdict of the rule that goes furthest beyond its threshold (by category, `default` for the others).

    `allow` are phrases that are fine whatever the rules say: they are taken out before the rules look.
    """
    over = {rule: rule.score - _limit(rule.category, thresholds) for rule in _matching(text, allow)}
    found = max(over, key=lambda rule: (over[rule], rule.score), default=None)
    if found is None:
        return Verdict(allowed=True)
    limit = _limit(found.category, thresholds)
    return Verdict(found.score < limit, found.category, found.name, found.score, limit)


def findings(text: str, allow: Iterable[str] = ()) -> list[tuple[str, str, float]]:
    """(category, rule, score) of the strongest rule that matches, for each category."""
    strongest: dict[str, Rule] = {}
    for rule in sorted(_matching(text, allow), key=lambda rule: rule.score):
        strongest[rule.category] = rule
    return [(rule.category, rule.name, rule.score) for rule in strongest.values()]


def _matching(text: str, allow: Iterable[str]) -> list[Rule]:
    for phrase in allow:
        text = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", " ok ", text, flags=re.IGNORECASE)
    texts, typed = tuple(dict.fromkeys(readings(text))), unicodedata.normalize("NFKC", text)
    return [rule for rule in rules() if rule.matches(texts, typed)]


def _limit(category: str, thresholds: Mapping[str, float] | None) -> float:
    limits = thresholds or {}
    return limits.get(category, limits.get("default", DEFAULT_THRESHOLD))


def readings(text: str) -> Iterator[str]:
    """The ways in which a text may be meant to be read: plain, with digits as letters, with spaced letters joined."""
    plain = _plain(text)
    yield _words(plain)
    leet = _LEETED.sub(lambda match: match[0].translate(_LEET), plain)
    yield _words(leet)
    yield _words(_SPACED.sub(lambda match: re.sub(r"[\s._*\-]", "", match[0]), leet))
    yield _words(re.sub(r"(.)\1{2,}", r"\1", leet))


def _plain(text: str) -> str:
    """Lower case, without accents, invisible characters, and letters that only look Latin."""
    shown = "".join(
        c
        for c in unicodedata.normalize("NFKD", text)
        if unicodedata.category(c) not in ("Mn", "Cf", "Cc") or c in "\n\t"
    )
    return shown.casefold().translate(_LOOKALIKES)


def _words(text: str) -> str:
    return f" {' '.join(_WORDLIKE.findall(text))} "


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """All rules of the data file."""
    data = yaml.safe_load(_FILE.read_text("utf-8"))
    lists = {name: "|".join(re.split(r",\s*", words)) for name, words in data["words"].items()}
    return tuple(_rule(category, rule, lists) for category, found in data["categories"].items() for rule in found)


def _rule(category: str, data: Mapping[str, object], lists: Mapping[str, str]) -> Rule:
    def compiled(key: str) -> tuple[re.Pattern[str], ...]:
        patterns = data.get(key, ())
        assert isinstance(patterns, list | tuple)  # noqa: S101
        return tuple(re.compile(_pattern(str(p), lists, raw=bool(data.get("raw"))), re.IGNORECASE) for p in patterns)

    return Rule(
        category,
        str(data["rule"]),
        float(str(data["score"])),
        compiled("patterns"),
        compiled("fine"),
        bool(data.get("raw")),
    )


def _pattern(pattern: str, lists: Mapping[str, str], *, raw: bool) -> str:
    """`<name>` is a word list; `...` is up to six words; the whole stands between word borders."""
    for name, words in lists.items():
        pattern = pattern.replace(f"<{name}>", f"(?:{words})")
    return pattern if raw else r"(?<= )" + pattern.replace(" ... ", r" (?:\w+ ){0,6}") + r"(?= )"
