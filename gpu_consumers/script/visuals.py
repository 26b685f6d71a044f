"""Picture descriptions for generative renderers: subject, shot, light, motion. The words are data (`visuals.yaml`)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import yaml


def describe(about: str, family: str, mood: str, rng: Random) -> str:
    """One line for a text-to-video model; it never asks for text in the picture."""
    data = _data()
    shot = rng.choice(data["shots"].get(family) or data["shots"]["wide"]).format(x=about)
    light = rng.choice(data["light"].get(mood) or data["light"]["calm"])
    return f"Vertical video, {shot}, {light}, {rng.choice(data['motion'])}, cinematic, no text"


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return data
