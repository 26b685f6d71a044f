"""The sound of a whole video: mixed once and kept by what it is made of, so that another picture costs none of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import av
import numpy as np

from gpu_consumers.assembly.track import Track, track
from gpu_consumers.sound.mix import Line, mix
from gpu_consumers.sound.music import REVISION as MUSIC
from gpu_consumers.sound.music import bed
from gpu_consumers.sound.synth import RATE, Stereo, envelope
from infra.storage.artifacts import fingerprint

#: Part of what a sound is kept under: raise it when equal parts sound different.
REVISION = 1


class Shelf(Protocol):
    """Where finished sounds are kept, by their fingerprints."""

    def get(self, key: str) -> Track | None:
        """The sound, while it is there."""
        ...

    def put(self, key: str, made: Track) -> None:
        """Keep it."""
        ...


def soundtrack(
    lines: Sequence[Line],
    samples: int,
    *,
    mood: str,
    seed: int,
    music: Stereo | None = None,
    shelf: Shelf | None = None,
) -> Track:
    """Speech over music, so many samples long, as AAC; from the shelf where it is there.

    `music` is (n, 2) float32 at 48 kHz in place of the bed of that mood. Equal arguments give equal bytes.
    """
    key = _key(lines, samples, mood, seed, music)
    kept = shelf.get(key) if shelf else None
    if kept is not None:
        return kept
    bedding = bed(mood, samples / RATE, seed) if music is None else _fitted(music, samples)
    made = track(mix(lines, bedding).samples)
    if shelf:
        shelf.put(key, made)
    return made


def recipe() -> str:
    """Whatever changes a sound apart from its parts."""
    return f"sound-{REVISION} music-{MUSIC} av-{av.__version__}"


def _key(lines: Sequence[Line], samples: int, mood: str, seed: int, music: Stereo | None) -> str:
    own = None if music is None else hashlib.sha256(music.tobytes()).hexdigest()
    return fingerprint(
        kind="sound", recipe=recipe(), lines=[_inputs(line) for line in lines], samples=samples,
        mood=mood if music is None else "", seed=seed if music is None else 0, music=own,
    )  # fmt: skip


def _inputs(line: Line) -> dict[str, Any]:
    said = line.speech
    return {
        "start_ms": line.start_ms,
        "samples": hashlib.sha256(said.samples.tobytes()).hexdigest(),
        "rate": said.sample_rate,
        "spans": [(word.start_ms, word.end_ms) for word in said.words],
    }


def _fitted(music: Stereo, samples: int) -> Stereo:
    times = -(-samples // max(1, len(music)))
    cut = np.tile(music, (times, 1))[:samples].astype(np.float32)
    return cut * envelope(samples, 0.2, 1.0)[:, None]
