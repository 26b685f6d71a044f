"""Music: a bed for any length, composed from a mood and a seed. Nothing is sampled, so nothing is licensed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpu_consumers.sound.moods import Mood, mood_named
from gpu_consumers.sound.synth import RATE, Stereo, add, envelope, kick, noise_hit, pluck, room, table, tone

REVISION = 1  #: raise it when the same mood and seed sound different


@dataclass(frozen=True)
class _Piece:
    """What the seed decided."""

    mood: Mood
    root: int  #: MIDI note of the key
    chords: tuple[tuple[int, ...], ...]
    bar: int  #: samples

    @property
    def eighth(self) -> float:
        return self.bar / 8


def bed(mood: str, seconds: float, seed: int) -> Stereo:
    """A music bed of that length: (n, 2) float32 at 48 kHz, peaking near 0.5, faded in and out.

    Equal arguments give equal samples. An unknown mood is played calm.
    """
    samples = max(1, round(seconds * RATE))
    rng = np.random.default_rng([seed & 0xFFFFFFFFFFFFFFFF, REVISION])
    piece = _compose(mood_named(mood), rng)
    music = np.zeros((samples, 2), np.float32)
    for number, start in enumerate(range(0, samples, piece.bar)):
        _bar(music, piece, number, start, rng)
    music = room(music, 0.5)
    if piece.mood.drums:
        _drums(music, piece, samples)
    music *= envelope(samples, 0.4, min(1.2, seconds / 4))[:, None]
    music *= np.float32(0.5 / max(1e-6, float(music.max()), -float(music.min())))
    return music


def _compose(mood: Mood, rng: np.random.Generator) -> _Piece:
    tempo = int(rng.integers(mood.tempo[0], mood.tempo[1] + 1))
    chords = mood.progressions[int(rng.integers(len(mood.progressions)))]
    return _Piece(mood, 48 + int(rng.integers(-4, 6)), chords, round(RATE * 240 / tempo))


def _bar(music: Stereo, piece: _Piece, number: int, start: int, rng: np.random.Generator) -> None:
    chord = piece.chords[number % len(piece.chords)]
    _pad(music, piece, chord, start)
    _bass(music, piece, chord[0], start)
    if piece.mood.pluck and number > 0:
        _figure(music, piece, chord, start, rng)


def _pad(music: Stereo, piece: _Piece, chord: tuple[int, ...], start: int) -> None:
    length = min(piece.bar + RATE // 4, len(music) - start)
    shape = envelope(length, 0.35, 0.45) * np.float32(0.16)
    wave = table(2 + round(piece.mood.brightness * 10), 1.7)
    for n, step in enumerate(chord):
        note = piece.root + 12 + _close(step)
        for side, detune in ((0, -0.06), (1, 0.06)):
            music[start : start + length, side] += tone(note + detune, length, wave, n * 0.37 + side * 0.21) * shape


def _close(step: int) -> int:
    """The chord's notes within one octave, so that chords change by small steps."""
    return (step + 3) % 12 - 3


def _bass(music: Stereo, piece: _Piece, step: int, start: int) -> None:
    length = min(piece.bar, len(music) - start)
    note = piece.root - 12 + _close(step)
    low = tone(note, length, table(3, 2.2)) * envelope(length, 0.03, 0.3)
    add(music, low, start, 0.3 * piece.mood.bass, 0.3 * piece.mood.bass)


def _figure(music: Stereo, piece: _Piece, chord: tuple[int, ...], start: int, rng: np.random.Generator) -> None:
    for n, step in enumerate(piece.mood.figure):
        loud = piece.mood.pluck * float(rng.uniform(0.65, 1.0))
        if step < 0 or rng.random() < 0.12:
            continue
        late = piece.mood.swing if n % 2 else 0.0
        at = start + int((n + late) * piece.eighth) + int(rng.integers(0, 240))
        note = piece.root + 24 + _close(chord[step % len(chord)]) + 12 * (step // len(chord))
        pan = 0.5 + 0.3 * (-1) ** n
        add(music, pluck(note, 1.1, 0.25), at, loud * (1 - pan) * 0.8, loud * pan * 0.8)


def _drums(music: Stereo, piece: _Piece, samples: int) -> None:
    mood = piece.mood
    hat, clap = noise_hit(0.06, 7000, 15000, 1), noise_hit(0.16, 900, 3500, 2)
    for number, start in enumerate(range(0, samples, piece.bar)):
        for n in range(8):
            at = start + int((n + (mood.swing if n % 2 else 0)) * piece.eighth)
            add(music, hat, at, 0.05 * mood.drums * (1.6 if n % 2 else 1), 0.06 * mood.drums * (1.6 if n % 2 else 1))
            if n in (0, 4) or (n == 3 and number % 2):
                add(music, kick(), at, 0.55 * mood.drums, 0.55 * mood.drums)
            if n in (2, 6) and number > 0:
                add(music, clap, at, 0.12 * mood.drums, 0.11 * mood.drums)
