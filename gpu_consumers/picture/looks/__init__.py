"""Looks: ways to fill the picture behind the captions, one module each. This one knows and chooses them."""

from __future__ import annotations

import random

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.looks.card import card
from gpu_consumers.picture.looks.comic import comic
from gpu_consumers.picture.looks.contour import contour
from gpu_consumers.picture.looks.counter import counter
from gpu_consumers.picture.looks.hills import hills
from gpu_consumers.picture.looks.kinetic import kinetic
from gpu_consumers.picture.looks.mesh import mesh
from gpu_consumers.picture.looks.orbit import orbit
from gpu_consumers.picture.looks.particles import particles
from gpu_consumers.picture.looks.split import split
from gpu_consumers.picture.looks.tiles import tiles
from gpu_consumers.picture.looks.wave import wave
from gpu_consumers.picture.stage import Look

LOOKS: dict[str, Look] = {
    "card": card,
    "comic": comic,
    "contour": contour,
    "counter": counter,
    "hills": hills,
    "kinetic": kinetic,
    "mesh": mesh,
    "orbit": orbit,
    "particles": particles,
    "split": split,
    "tiles": tiles,
    "wave": wave,
}

#: Looks that suit a beat; they are drawn more often for it.
SUITED = {
    "hook": ("kinetic", "comic", "split"),
    "frame": ("hills", "contour", "mesh"),
    "problem": ("split", "comic", "wave"),
    "myth": ("split", "comic"),
    "fact": ("counter", "card"),
    "split": ("split", "tiles"),
    "item": ("card", "counter", "tiles"),
    "step": ("card", "tiles", "contour"),
    "picture": ("hills", "particles", "orbit"),
    "turn": ("comic", "kinetic", "orbit"),
    "twist": ("comic", "kinetic"),
    "test": ("counter", "wave"),
    "proof": ("counter", "wave"),
    "use": ("card", "mesh"),
    "payoff": ("mesh", "hills", "particles"),
    "close": ("mesh", "hills", "particles"),
}


def look_named(name: str) -> Look:
    """The look of that name. Raises `BackendError` for one that there is not."""
    if name not in LOOKS:
        raise BackendError(f"there is no look {name!r}", hint=f"Known looks: {', '.join(sorted(LOOKS))}.")
    return LOOKS[name]


def choose(beat: str, scene_number: int, title: str, seed: int) -> str:
    """A look for a scene. Scenes of one video that stand next to each other never get the same one.

    The looks are dealt, by title, into four hands; a scene draws from its own, by beat and seed, so that it need not
    know the other scenes.
    """
    deck = sorted(LOOKS)
    random.Random(f"looks {title}").shuffle(deck)
    hand = deck[scene_number % 4 :: 4]
    weights = [4 if name in SUITED.get(beat, ()) else 1 for name in hand]
    return random.Random(f"look {seed}").choices(hand, weights)[0]
