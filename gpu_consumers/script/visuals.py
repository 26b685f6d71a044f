"""Picture descriptions for generative renderers: subject, shot, place, light, motion."""

from __future__ import annotations

from random import Random

_SHOTS = {
    "close": ("extreme close-up of {x}", "tight portrait shot of {x} filling the frame", "macro view of {x}, shallow depth of field"),
    "wide": ("wide shot of {x} in open space", "{x} seen from far away, small in a large landscape", "slow aerial view towards {x}"),
    "detail": ("top-down view of a tidy desk with sketches of {x}", "three small objects that stand for {x}, in a row", "a hand drawing {x} on paper"),
    "surprise": ("{x} upside down, an unexpected angle", "{x} reflected in water, the reflection moving differently", "{x} in a place where nobody expects {x}"),
    "person": ("a person from behind, looking at {x}", "a friendly face lit by a screen that shows {x}", "two people talking about {x} at a kitchen table"),
}  # fmt: skip
_LIGHT = {
    "calm": ("soft morning light", "pale window light", "muted pastel colours"),
    "curious": ("cool blue light with one warm lamp", "clear daylight", "teal and amber contrast"),
    "bright": ("bright midday sun", "saturated colours", "clean studio light"),
    "upbeat": ("golden hour light", "vivid colours", "sparkling backlight"),
    "tense": ("low-key lighting, deep shadows", "neon light in the rain", "a single hard spotlight"),
    "warm": ("candle-warm light", "late afternoon sun", "cosy lamp light"),
    "dreamy": ("hazy violet light", "mist and soft glow", "moonlight"),
    "bold": ("hard contrast, one strong colour", "red and black palette", "flash photography look"),
}
_MOTION = ("slow push-in", "gentle orbit", "handheld, slightly moving", "smooth pan to the right", "slow pull back",
           "locked-off camera, only the subject moves", "drifting upwards")  # fmt: skip


def describe(about: str, family: str, mood: str, rng: Random) -> str:
    """One line for a text-to-video model; it never asks for text in the picture."""
    shot = rng.choice(_SHOTS.get(family, _SHOTS["wide"])).format(x=about)
    light = rng.choice(_LIGHT.get(mood, _LIGHT["calm"]))
    return f"Vertical video, {shot}, {light}, {rng.choice(_MOTION)}, cinematic, no text"
