"""Moods of the music bed, as data: tempo, harmony, and which instruments play."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mood:
    """Chords are semitones above the key's root, one chord a bar; the seed chooses among the progressions."""

    name: str
    tempo: tuple[int, int]  #: beats a minute, from and to
    progressions: tuple[tuple[tuple[int, ...], ...], ...]
    brightness: float  #: 0 dull to 1 bright: how many harmonics the pad has
    pluck: float = 0.0  #: loudness of the plucked figure
    figure: tuple[int, ...] = ()  #: eighths of a bar on which it plays, as steps through the chord; −1 rests
    drums: float = 0.0
    swing: float = 0.0  #: how late every second eighth is, in eighths
    bass: float = 0.5


_I, _II, _III, _IV, _V, _VI = (0, 4, 7), (2, 5, 9), (4, 7, 11), (5, 9, 12), (7, 11, 14), (9, 12, 16)
_I7, _IV7, _II7, _VI7 = (0, 4, 7, 11), (5, 9, 12, 16), (2, 5, 9, 12), (-3, 0, 4, 7)
_i, _VIb, _IIIb, _VIIb, _iv, _v = (0, 3, 7), (-4, 0, 3), (3, 7, 10), (-2, 2, 5), (5, 8, 12), (7, 10, 14)

# fmt: off
MOODS = {
    mood.name: mood
    for mood in (
        Mood(
            "calm", (66, 76), ((_I7, _VI7, _IV7, _V), (_I7, _IV7, _II7, _IV7)),
            0.25, 0.30, (0, -1, 2, -1, 1, -1, 2, -1),
        ),
        Mood(
            "upbeat", (108, 120), ((_I, _V, _VI, _IV), (_VI, _IV, _I, _V), (_I, _IV, _VI, _V)),
            0.45, 0.42, (0, 2, 1, 2, 3, 2, 1, 2), drums=0.55, bass=0.6,
        ),
        Mood(
            "tense", (84, 96), ((_i, _VIb, _iv, _v), (_i, _i, _VIb, _VIIb)),
            0.35, 0.26, (0, 0, -1, 0, 1, -1, 0, -1), drums=0.22, bass=0.75,
        ),
        Mood(
            "dreamy", (60, 70), ((_IV7, _I7, _VI7, _IV7), (_I7, _III, _IV7, _IV7)),
            0.2, 0.34, (0, 1, 2, 3, 2, 1, 3, 2), bass=0.35,
        ),
        Mood(
            "curious", (92, 102), ((_I, _III, _IV, _II), (_I, _II, _IV, _I)),
            0.22, 0.5, (0, -1, 1, 2, -1, 1, -1, 3), drums=0.16, swing=0.3,
        ),
        Mood(
            "dark", (70, 80), ((_i, _VIb, _IIIb, _VIIb), (_i, _iv, _VIb, _v)),
            0.18, 0.18, (0, -1, -1, 2, -1, -1, 1, -1), bass=0.8,
        ),
        Mood(
            "epic", (88, 96), ((_i, _VIb, _IIIb, _VIIb), (_VIb, _VIIb, _i, _i)),
            0.55, 0.3, (0, 1, 2, 1, 0, 1, 2, 1), drums=0.5, bass=0.8,
        ),
        Mood(
            "playful", (112, 126), ((_I, _IV, _I, _V), (_I, _VI, _II, _V)),
            0.2, 0.55, (0, -1, 2, 1, -1, 2, 3, -1), drums=0.35, swing=0.25,
        ),
    )
}
# fmt: on

#: Words that script writers use for moods, and the bed that is played for them.
ALIASES = {
    "happy": "upbeat", "energetic": "upbeat", "bright": "upbeat", "motivational": "upbeat", "confident": "upbeat",
    "funny": "playful", "witty": "playful", "light": "playful", "serious": "dark", "sad": "dark", "mysterious": "dark",
    "dramatic": "epic", "inspiring": "epic", "urgent": "tense", "suspense": "tense", "bold": "tense", "warm": "calm",
    "neutral": "calm", "informative": "curious", "thoughtful": "dreamy", "wonder": "dreamy", "nostalgic": "dreamy",
}  # fmt: skip


def mood_named(name: str) -> Mood:
    """The mood of that name; an unknown one is calm, since a bed must never stop a video."""
    return MOODS[ALIASES.get(name, name) if ALIASES.get(name, name) in MOODS else "calm"]
