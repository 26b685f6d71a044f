"""Looks: the ways in which the picture behind the captions is filled. One module each; this one knows and chooses them."""

from __future__ import annotations

import random

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.looks.hills import hills
from gpu_consumers.picture.looks.kinetic import kinetic
from gpu_consumers.picture.looks.mesh import mesh
from gpu_consumers.picture.looks.particles import particles
from gpu_consumers.picture.stage import Look

LOOKS: dict[str, Look] = {"hills": hills, "kinetic": kinetic, "mesh": mesh, "particles": particles}

#: Which looks suit a beat; every other look may be drawn too, less often.
SUITED = {
    "hook": ("kinetic", "comic"),
    "payoff": ("mesh", "hills"),
}


def look_named(name: str) -> Look:
    """The look of that name. Raises `BackendError` for one that there is not."""
    if name not in LOOKS:
        raise BackendError(f"there is no look {name!r}", hint=f"Known looks: {', '.join(sorted(LOOKS))}.")
    return LOOKS[name]


def choose(beat: str, scene_number: int, title: str, seed: int) -> str:
    """A look for a scene. Scenes of one video that stand next to each other never get the same one.

    The looks are dealt, by title, to as many hands as keep neighbours apart; a scene draws from its own hand, which
    is known without knowing the other scenes.
    """
    deck = sorted(LOOKS)
    random.Random(f"looks {title}").shuffle(deck)
    hands = 3 if len(deck) >= 6 else 2
    hand = deck[scene_number % hands :: hands]
    weights = [4 if name in SUITED.get(beat, ()) else 1 for name in hand]
    return random.Random(f"look {seed}").choices(hand, weights)[0]
