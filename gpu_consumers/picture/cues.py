"""Cues: the spoken words gathered into the short phrases that stand on the screen together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gpu_consumers.picture.text import clean
from gpu_consumers.picture.tokens import Token, broken, pieces
from gpu_consumers.picture.unspaced import ideograph
from schemas.scripts import Word

MOST_WORDS, MOST_LETTERS, PAUSE_MS = 4, 22, 450
_ENDS = tuple(".!?…。！？:;;؟।")


@dataclass(frozen=True)
class Spoken:
    """A word, or a part of one, as it is captioned. Times in ms within the scene."""

    text: str
    start_ms: int
    end_ms: int
    glued: bool = False


@dataclass(frozen=True)
class Cue:
    """Words that are shown together, from the first one's start until the next cue, or a moment after the last one."""

    words: tuple[Spoken, ...]
    start_ms: int
    end_ms: int

    @property
    def text(self) -> str:
        """The phrase as one reads it."""
        return "".join(word.text if word.glued or not n else f" {word.text}" for n, word in enumerate(self.words))

    def active(self, at_ms: float) -> int:
        """The index of the word that is being said, or was last said, at that time."""
        return max((n for n, word in enumerate(self.words) if word.start_ms <= at_ms), default=0)


def cues(words: Sequence[Word], duration_ms: int) -> list[Cue]:
    """Phrases of at most four words, broken at the ends of sentences, at pauses, and where a line would get long."""
    groups: list[list[Spoken]] = []
    for word in _spoken(words):
        if groups and not _parts(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [_cue(group, groups[n + 1] if n + 1 < len(groups) else None, duration_ms) for n, group in enumerate(groups)]


def spread(text: str, duration_ms: int) -> tuple[Word, ...]:
    """Words without timings, spread over the scene by their length: for a scene that nobody speaks."""
    words = text.split()
    total = sum(len(word) + 2 for word in words)
    times, at = [0], 0
    for word in words:
        at += len(word) + 2
        times.append(round(at * duration_ms * 0.96 / total))
    return tuple(Word(text=word[:200], start_ms=times[n], end_ms=times[n + 1]) for n, word in enumerate(words))


def _spoken(words: Sequence[Word]) -> Iterable[Spoken]:
    for word in words:
        text = clean(word.text)
        if text:
            yield from _split(text, word.start_ms, max(word.start_ms + 1, word.end_ms))


def _split(text: str, start: int, end: int) -> Iterable[Spoken]:
    done = 0
    for n, part in enumerate(_parts_of(text)):
        first = start + (end - start) * done // len(text)
        done += len(part)
        yield Spoken(part, first, start + (end - start) * done // len(text), glued=n > 0)


def _parts_of(text: str) -> list[str]:
    """A word as it stands, or in short parts where its script writes no spaces."""
    parts = pieces(text)
    if len(parts) > 1:
        return parts
    unspaced = "\u0e00" <= text[0] <= "\u109f" or "\u1780" <= text[0] <= "\u17ff"  # Thai to Burmese, Khmer
    if unspaced and len(text) > 12:
        return [part.text for part in broken(Token(text), lambda part: len(part) <= 8)]
    return [text]


def _parts(group: list[Spoken], word: Spoken) -> bool:
    last = group[-1]
    letters = sum(_wide(each.text) for each in group) + _wide(word.text)
    full = len(group) >= MOST_WORDS or letters > MOST_LETTERS
    return full or last.text.endswith(_ENDS) or word.start_ms - last.end_ms > PAUSE_MS


def _wide(text: str) -> int:
    """Letters; an ideograph is as wide as two."""
    return sum(2 if ideograph(character) else 1 for character in text)


def _cue(group: list[Spoken], following: list[Spoken] | None, duration_ms: int) -> Cue:
    until = following[0].start_ms if following else duration_ms
    return Cue(tuple(group), group[0].start_ms, max(group[0].start_ms + 1, min(until, group[-1].end_ms + 700)))
