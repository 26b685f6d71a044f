"""Synthesis: notes from wave tables, drums from noise, echoes; plain numpy."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

RATE = 48_000
Mono = npt.NDArray[np.float32]
Stereo = npt.NDArray[np.float32]
_TABLE = 4096


def hertz(note: float) -> float:
    """Frequency of a MIDI note."""
    return float(440.0 * 2 ** ((note - 69) / 12))


@cache
def table(harmonics: int, slope: float) -> Mono:
    """One period with so many harmonics, each `n ** -slope` as loud: no aliasing, soft when the slope is steep."""
    turn = np.arange(_TABLE, dtype=np.float64) * (2 * np.pi / _TABLE)
    wave = np.asarray(sum(np.sin(n * turn) * n**-slope for n in range(1, harmonics + 1)))
    return np.asarray(wave / np.abs(wave).max(), np.float32)


def tone(note: float, samples: int, wave: Mono, phase: float = 0.0) -> Mono:
    """A steady tone read from a table of one period."""
    # Fixed-point phase: the top bits index the table, and overflow is the wrap-around.
    step = np.uint32(round(hertz(note) / RATE * 2**32))
    at = np.arange(samples, dtype=np.uint32) * step + np.uint32(int(phase * 2**32) & 0xFFFFFFFF)
    return np.take(wave, at >> np.uint32(20))


def envelope(samples: int, attack: float, release: float) -> Mono:
    """Up in `attack` seconds, down in the last `release` seconds, with round corners."""
    shape = np.ones(samples, np.float32)
    rise, fall = min(samples, int(attack * RATE)), min(samples, int(release * RATE))
    shape[:rise] *= _curve(rise)
    shape[samples - fall :] *= _curve(fall)[::-1]
    return shape


def decay(samples: int, seconds: float) -> Mono:
    """Falls to a thousandth (−60 dB) in that time, with a click-free start of 3 ms."""
    fall = np.asarray(np.exp(np.arange(samples, dtype=np.float32) * np.float32(-6.9 / (seconds * RATE))), np.float32)
    start = min(samples, int(0.003 * RATE))
    fall[:start] *= _curve(start)
    return fall


@cache
def pluck(note: int, seconds: float, bright: float) -> Mono:
    """A soft mallet: a bright attack that dulls quickly."""
    samples = int(seconds * RATE)
    body = tone(note, samples, table(2, 2.0)) * decay(samples, seconds)
    glint = tone(note, samples, table(6, 1.0)) * decay(samples, seconds * 0.25)
    return (body + np.float32(bright) * glint) * np.float32(0.6)


@cache
def kick() -> Mono:
    """A low thump whose pitch falls."""
    samples = int(0.22 * RATE)
    at = np.arange(samples) / RATE
    turn = 2 * np.pi * (48 * at + 90 / 28 * (1 - np.exp(-28 * at)))
    return (np.sin(turn) * decay(samples, 0.24)).astype(np.float32)


@cache
def noise_hit(seconds: float, low: float, high: float, seed: int) -> Mono:
    """Band-passed noise that decays: shakers, claps, hats."""
    samples = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    at = np.fft.rfftfreq(samples, 1 / RATE)
    band = np.exp(-((np.maximum(0, low - at) / (0.3 * low)) ** 2) - (np.maximum(0, at - high) / (0.3 * high)) ** 2)
    hit = np.fft.irfft(spectrum * band, samples).astype(np.float32) * decay(samples, seconds)
    return hit / np.float32(np.abs(hit).max())


def add(into: Stereo, sound: Mono, at: int, left: float, right: float) -> None:
    """Mix a mono sound in at a sample, cut at the end."""
    part = sound[: max(0, len(into) - at)]
    into[at : at + len(part), 0] += part * np.float32(left)
    into[at : at + len(part), 1] += part * np.float32(right)


def echo(dry: Stereo, delay: int, feedback: float, cross: bool = False) -> Stereo:
    """Repeats every `delay` samples, each softer; `cross` sends them from side to side."""
    wet = dry.copy()
    for start in range(delay, len(wet), delay):
        earlier = wet[start - delay : start][: len(wet) - start]
        wet[start : start + len(earlier)] += (earlier[:, ::-1] if cross else earlier) * np.float32(feedback)
    return wet


def room(dry: Stereo, amount: float) -> Stereo:
    """A small hall: four echoes whose lengths share no factor (Schroeder's combs), left and right crossed."""
    lengths = (1427, 1781, 1973, 2411)
    share = np.float32(amount / len(lengths))
    mixed = dry * (1 - share * len(lengths))
    for n, length in enumerate(lengths):
        wet = echo(dry, length, 0.72, cross=n % 2 == 0)
        wet *= share
        mixed += wet
    return mixed


@cache
def _curve(samples: int) -> Mono:
    return (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, samples))).astype(np.float32)
