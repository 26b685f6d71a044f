"""Phonemes for neural voices: IPA from espeak-ng, word by word, sentence by sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gpu_consumers.voice.espeak import phonemes
from gpu_consumers.voice.text import Spoken, speakable

_PAUSES, _ENDS = ",;:", ".!?"


@dataclass(frozen=True)
class Sound:
    """One written word: its phonemes (one character each, decomposed), and the mark at which the voice pauses."""

    word: int  #: which of the written words
    phonemes: str
    mark: str  #: `,` `.` `?` …, or empty


def sentences(spoken: Spoken, voice: str, timeout_s: float) -> list[list[Sound]]:
    """The sounds of each sentence, in order; words that cannot be said are left out. Raises `BackendError`."""
    said = [spoken.text[start:end] for start, end in spoken.spans]
    audible = [index for index, text in enumerate(said) if speakable(text)]
    clauses = _clauses(audible, said)
    together = phonemes([" ".join(said[i] for i in clause) for clause in clauses], voice, timeout_s)
    found = dict(zip(map(tuple, clauses), (ipa.split() for ipa in together), strict=True))
    # Where a number becomes several words, or two words one, each is asked for by itself.
    lone = [i for clause in clauses if "" in _fitting(clause, found) for i in clause]
    alone = dict(zip(lone, phonemes([said[i] for i in lone], voice, timeout_s), strict=True)) if lone else {}
    # A mark behind a word that nobody says belongs to the word before.
    spans = list(zip(audible, [*audible[1:], len(said)], strict=True))
    ipa = {i: alone.get(i) or w for clause in clauses for i, w in zip(clause, _fitting(clause, found), strict=True)}
    return _split(
        [Sound(i, unicodedata.normalize("NFD", ipa[i]), _mark("".join(said[i:following]))) for i, following in spans]
    )


def _fitting(clause: Sequence[int], found: dict[tuple[int, ...], list[str]]) -> list[str]:
    words = found[tuple(clause)]
    if len(clause) == 1:
        return [" ".join(words)]
    return words if len(words) == len(clause) else [""] * len(clause)


def _clauses(audible: Sequence[int], said: Sequence[str]) -> list[list[int]]:
    """Words up to each mark; what becomes several words when it is said stands alone."""
    clauses: list[list[int]] = [[]]
    for index in audible:
        alone = not said[index].replace("'", "").rstrip(_PAUSES + _ENDS).isalpha()
        clauses += [[]] if alone else []
        clauses[-1].append(index)
        clauses += [[]] if alone or _mark(said[index]) else []
    return [clause for clause in clauses if clause]


def _mark(text: str) -> str:
    return text[-1] if text[-1:] in _PAUSES + _ENDS else ""


def _split(sounds: Sequence[Sound]) -> list[list[Sound]]:
    found: list[list[Sound]] = [[]]
    for sound in sounds:
        found[-1].append(sound)
        if sound.mark and sound.mark in _ENDS:
            found.append([])
    return [sentence for sentence in found if sentence]
